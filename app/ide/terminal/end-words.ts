// Says in a word or two how a terminal's program ended. It knows no screen.
import type { TerminalInfo } from '../../../protocol/terminal.ts'

/** Null while it runs. 0 means that all went well, and a box that was taken away whole leaves neither code nor signal. */
export function endWords(exit: TerminalInfo['exit']): string | null {
  if (exit === null) return null
  if (exit.signal !== null) return `ended by ${exit.signal}`
  return exit.code === null || exit.code === 0 ? 'ended' : `ended with ${exit.code}`
}
