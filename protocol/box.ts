// The socket between a runner and its box: stream frames of frames.ts; the box listens, the runner dials.
// The runner trusts nothing that comes back: every message is parsed, every size, count and rate bounded.
import { z } from 'zod'
import { Hello } from './hello.ts'
import { TerminalId } from './ids.ts'
import { limits } from './limits.ts'
import { OpenPorts, Port } from './preview.ts'
import { Size, TerminalName } from './terminal.ts'

const offset = z.number().int().min(0).max(limits.outputBytes)
/** Words and names that a box may say are kept, so they are short. */
const signal = z.string().max(32)
const say = z.string().max(500)

/** Largest stream frame in bytes that a runner sends; a box's are smaller (`limits.boxFrameBytes`). */
export const boxFrameBytes = 4 * 1024 * 1024

export const RunnerToBox = z.discriminatedUnion('type', [
  /** First; a wrong secret ends the socket. */
  Hello.extend({ type: z.literal('hello'), secret: z.string() }),
  /** Starts a login shell, or `command` in one (`bash -lc`). Answered by `opened` or `refused` with the same `ask`. */
  Size.extend({
    type: z.literal('open'),
    ask: z.number().int(),
    name: TerminalName,
    command: z.string().max(500).optional(),
  }),
  /** Payload: input bytes. */
  z.object({ type: z.literal('in'), terminal: TerminalId }),
  Size.extend({ type: z.literal('size'), terminal: TerminalId }),
  z.object({ type: z.literal('rename'), terminal: TerminalId, name: TerminalName }),
  /** Ends the terminal's whole process group; `exit` follows. On an ended terminal: forgets it. */
  z.object({ type: z.literal('close'), terminal: TerminalId }),
  z.object({
    type: z.literal('signal'),
    terminal: TerminalId,
    signal: z.enum(['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP']),
  }),
  /** Send output from `from` on (or from the ring's first byte if that is later), and everything new. */
  z.object({ type: z.literal('follow'), terminal: TerminalId, from: offset }),
  /** Flow control: stop and go on reading the PTY. */
  z.object({ type: z.literal('pause'), terminal: TerminalId, paused: z.boolean() }),
  /** Ends every user program; answered by `ended` when none is left. */
  z.object({ type: z.literal('end') }),
  /** Asks for a sign of life; answered by `beat` at once. Only to a box whose hello says `beats`. */
  z.object({ type: z.literal('beat') }),
])
export type RunnerToBox = z.infer<typeof RunnerToBox>

/** A terminal as the box holds it: its ring has bytes `first` up to `next`. */
export const BoxTerminal = Size.extend({
  terminal: TerminalId,
  name: TerminalName,
  pid: z.number().int(),
  first: offset,
  next: offset,
  exit: z.object({ code: z.number().int().nullable(), signal: signal.nullable() }).nullable(),
})
export type BoxTerminal = z.infer<typeof BoxTerminal>

export const BoxToRunner = z.discriminatedUnion('type', [
  /**
   * Answer to `hello`: terminals that already live here (a runner that restarts finds its shells). `beats`: this box answers
   * `beat`; left out by one of an older build. `box`: random, another for each box that was started: numbers and pids begin
   * anew in each; left out by one of an older build, too.
   */
  Hello.extend({
    type: z.literal('hello'),
    terminals: z.array(BoxTerminal).max(limits.terminals),
    beats: z.literal(true).exactOptional(),
    box: z.string().min(1).max(64).exactOptional(),
  }),
  z.object({ type: z.literal('opened'), ask: z.number().int(), terminal: BoxTerminal }),
  z.object({ type: z.literal('refused'), ask: z.number().int(), say }),
  /** Payload: output bytes beginning at `offset`. */
  z.object({ type: z.literal('out'), terminal: TerminalId, offset }),
  /**
   * A place to begin from: a fresh screen of this size that gets the payload and then the output from `offset` shows what
   * those see who watched from before; at most `limits.boxMarkBytes`. Comes each few hundred KiB, and first when `follow` could not begin where it asked.
   */
  Size.extend({ type: z.literal('mark'), terminal: TerminalId, offset }),
  /** The size changed behind the byte before `offset`. Comes in order with `out`. */
  Size.extend({ type: z.literal('sized'), terminal: TerminalId, offset }),
  /** After the last `out`: `offset` is the length of all output. */
  z.object({
    type: z.literal('exit'),
    terminal: TerminalId,
    offset,
    code: z.number().int().nullable(),
    signal: signal.nullable(),
  }),
  z.object({ type: z.literal('ended') }),
  z.object({ type: z.literal('beat') }),
])
export type BoxToRunner = z.infer<typeof BoxToRunner>

/**
 * Another way to begin than `hello`: a connection of its own for one thing alone, which leaves the runner's link as it is.
 * A wrong secret ends the socket.
 */
export const BoxVisit = z.discriminatedUnion('type', [
  /** Asks to be told of ports; answered by BoxPorts at once and after each change. */
  Hello.extend({ type: z.literal('ports'), secret: z.string() }),
  /** Asks for a stream to a port of the box; answered by BoxDialled. The runner sends nothing before the answer. */
  Hello.extend({ type: z.literal('dial'), secret: z.string(), port: Port }),
])
export type BoxVisit = z.infer<typeof BoxVisit>

export const BoxPorts = OpenPorts.extend({ type: z.literal('ports') })
export type BoxPorts = z.infer<typeof BoxPorts>

/** `open`: every byte after this frame is the stream's, both ways. `closed`: nothing of this box listens there; the socket ends. */
export const BoxDialled = z.object({ type: z.literal('dialled'), outcome: z.enum(['open', 'closed']) })
export type BoxDialled = z.infer<typeof BoxDialled>
