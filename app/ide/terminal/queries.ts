// Swallows a terminal's questions to its emulator unless this page is the one that answers; it answers nothing itself.
import type { IDisposable, Terminal } from '@xterm/xterm'

/** Questions whose answer xterm would send as input: device attributes, reports, modes, version, window. */
const csiQuestions = [
  { final: 'c' },
  { prefix: '>', final: 'c' },
  { prefix: '=', final: 'c' },
  { final: 'n' },
  { prefix: '?', final: 'n' },
  { intermediates: '$', final: 'p' },
  { prefix: '?', intermediates: '$', final: 'p' },
  { prefix: '>', final: 'q' },
  { prefix: '?', final: 'u' },
  { final: 't' },
]
/** Colours are asked by a `?` in the place of a value. */
const colorQuestions = [4, 10, 11, 12]

/** `isMine` tells whether this page answers now: never during a replay, and only for the driver. */
export function swallowQueries(terminal: Terminal, isMine: () => boolean): IDisposable[] {
  const csi = csiQuestions.map((question) => terminal.parser.registerCsiHandler(question, () => !isMine()))
  const osc = colorQuestions.map((id) =>
    terminal.parser.registerOscHandler(id, (value) => value.includes('?') && !isMine()),
  )
  const settings = terminal.parser.registerDcsHandler({ intermediates: '$', final: 'q' }, () => !isMine())
  return [...csi, ...osc, settings]
}
