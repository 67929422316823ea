// Shared terminals and the Run button: socket.io namespace `/terminal` of a runner. Bytes are always binary.
import { z } from 'zod'
import { limits } from './limits.ts'
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

/** One shared PTY as everybody sees it. The driver's window owns the size; others scale or letterbox. */
export const TerminalInfo = z.object({
  id: TerminalId,
  name: TerminalName,
  cols: z.number(),
  rows: z.number(),
  driver: z.object({ id: PersonId, name: z.string() }).nullable(),
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
}
