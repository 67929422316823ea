// Shared terminals and the Run button: socket.io namespace `/terminal` of a runner. Bytes are always binary.
import { z } from 'zod'
import { limits } from './limits.ts'
import { Role, type RoleTold } from './access.ts'
import { PersonId, TerminalId } from './ids.ts'
import type { Answer, WireError } from './errors.ts'

/** Absolute position in a terminal's output: bytes since it was opened. */
const offset = z.number().int().min(0)
export const Size = z.object({
  cols: z.number().int().min(limits.terminalCols.min).max(limits.terminalCols.max),
  rows: z.number().int().min(limits.terminalRows.min).max(limits.terminalRows.max),
})
export type Size = z.infer<typeof Size>

export const TerminalName = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .regex(/^[^\p{C}]+$/u)

const Somebody = z.object({ id: PersonId, name: z.string() })

/** Who alone types in a terminal, when somebody does, and who asks to. */
export const Keyboard = z.object({
  /** Null: everybody types whose role lets them. */
  holder: Somebody.nullable(),
  /** When it goes back by itself (milliseconds since 1970); null: when it is given back or taken. */
  until: z.number().nullable(),
  /** Who has it then; null: everybody again. */
  back: Somebody.nullable(),
  /** In the order of asking. */
  asks: z.array(Somebody.extend({ role: Role })),
})
export type Keyboard = z.infer<typeof Keyboard>

/** One shared PTY as everybody sees it. The driver's window owns the size; others scale or letterbox. */
export const TerminalInfo = z.object({
  id: TerminalId,
  name: TerminalName,
  cols: z.number(),
  rows: z.number(),
  driver: Somebody.nullable(),
  /** Left out by a runner that knows no keyboards: everybody types whose role lets them. */
  keyboard: Keyboard.exactOptional(),
  viewers: z.number().int().min(0),
  /** Null while its program runs. */
  exit: z.object({ code: z.number().nullable(), signal: z.string().nullable() }).nullable(),
})
export type TerminalInfo = z.infer<typeof TerminalInfo>

/** The Run button, the same for everybody. */
export const RunState = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('idle'), command: z.string(), lastExit: z.number().nullable() }),
  z.object({
    phase: z.literal('running'),
    command: z.string(),
    terminal: TerminalId,
    by: z.string(),
    since: z.number(),
  }),
])
export type RunState = z.infer<typeof RunState>

export const OpenTerminal = Size.extend({ name: TerminalName.optional() })
/** `from`: the page has everything before this offset and wants to go on from there. */
export const AttachTerminal = Size.extend({ terminal: TerminalId, from: offset.optional() })
export const OneTerminal = z.object({ terminal: TerminalId })
export const ResizeTerminal = Size.extend({ terminal: TerminalId })
export const RenameTerminal = z.object({ terminal: TerminalId, name: TerminalName })
export const AckOutput = z.object({ terminal: TerminalId, offset })
export const RunCommand = Size.partial()

/** Minutes of a grant at most. */
const grantMinutes = 240
/**
 * What somebody wants of a terminal's keyboard. `ask` and `withdraw`: for themselves. `take`: when nobody holds it, or as an
 * owner. `give` and `decline`: as its holder, when nobody holds it, or as an owner. `release`: what one was given goes back
 * to its giver; what one took is everybody's again.
 */
export const KeyboardWish = z.discriminatedUnion('op', [
  OneTerminal.extend({ op: z.enum(['ask', 'withdraw', 'take', 'release']) }),
  OneTerminal.extend({
    op: z.literal('give'),
    to: PersonId,
    minutes: z.number().int().min(1).max(grantMinutes).exactOptional(),
  }),
  OneTerminal.extend({ op: z.literal('decline'), to: PersonId }),
])
export type KeyboardWish = z.infer<typeof KeyboardWish>

/** How an attach begins: `resume` goes on at `offset`; `snapshot` is followed by one `snap` that repaints everything. */
export type Attached = {
  terminal: number
  offset: number
  cols: number
  rows: number
  mode: 'resume' | 'snapshot'
}

/** Events a page sends. */
export type TerminalFromPage = {
  open: (request: z.infer<typeof OpenTerminal>, give: (answer: Answer<{ terminal: number }>) => void) => void
  attach: (
    request: z.infer<typeof AttachTerminal>,
    give: (answer: Answer<{ attached: Attached }>) => void,
  ) => void
  detach: (request: z.infer<typeof OneTerminal>) => void
  /** Input bytes. A refusal comes back as `refused`; nothing of a refused message reaches the PTY. */
  in: (request: z.infer<typeof OneTerminal>, bytes: Uint8Array) => void
  /** Everything before `offset` has been painted. Sent each 64 KiB or 100 ms, whichever is first. */
  ack: (request: z.infer<typeof AckOutput>) => void
  /** This page's window; takes effect when its person is the driver. */
  size: (request: z.infer<typeof ResizeTerminal>) => void
  close: (request: z.infer<typeof OneTerminal>, give: (answer: Answer<object>) => void) => void
  rename: (request: z.infer<typeof RenameTerminal>, give: (answer: Answer<object>) => void) => void
  keyboard: (request: KeyboardWish, give: (answer: Answer<object>) => void) => void
  run: (request: z.infer<typeof RunCommand>, give: (answer: Answer<{ terminal: number }>) => void) => void
  /** Interrupts the running program (as ^C, then harder). */
  stop: (give: (answer: Answer<object>) => void) => void
}

/** Events a runner sends. `list` and `run` come first after connecting and again at each change. */
export type TerminalToPage = {
  list: (terminals: TerminalInfo[]) => void
  run: (run: RunState) => void
  /** `offset` is that of the first byte. Between two `snap`s the bytes are a contiguous slice of the output. */
  out: (terminal: number, offset: number, bytes: Uint8Array) => void
  /** Reset, paint `bytes`, go on at `offset`. */
  snap: (screen: { terminal: number; offset: number; cols: number; rows: number }, bytes: Uint8Array) => void
  size: (size: { terminal: number; cols: number; rows: number }) => void
  /** Always after the last `out`. */
  exit: (exit: { terminal: number; offset: number; code: number | null; signal: string | null }) => void
  refused: (refusal: { terminal: number; error: WireError }) => void
  /** This person's role has changed, for every socket of theirs; after null the runner hangs up. Also on `/tree`. */
  access: (told: RoleTold) => void
}
