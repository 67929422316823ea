// Keeps xterm from failing at one escape sequence; it draws nothing itself.
import type { IDisposable, Terminal } from '@xterm/xterm'

type Params = { params: (number | number[])[] }

/** What is used of xterm's inside. */
type Core = {
  _bufferService: { buffer: { x: number; y: number; lines: { length: number } } }
  _inputHandler: { eraseInDisplay(params: Params): boolean; eraseInLine(params: Params): boolean }
}

/** Parameter of `CSI J` that erases from the beginning to the cursor. */
const toCursor = 1

/** Erasing up to the last cell of a buffer without lines below throws in this version: do it in two steps. */
export function surviveErase(terminal: Terminal): IDisposable[] {
  const erase = (params: (number | number[])[]): boolean => {
    const { _bufferService: service, _inputHandler: handler } = (terminal as unknown as { _core: Core })._core
    const { buffer } = service
    const wouldThrow = buffer.x + 1 >= terminal.cols && buffer.y + 1 >= buffer.lines.length
    if (params[0] !== toCursor || !wouldThrow) return false
    handler.eraseInLine({ params })
    const { x } = buffer
    if (buffer.y === 0) return true
    buffer.y -= 1
    handler.eraseInDisplay({ params })
    buffer.y += 1
    buffer.x = x
    return true
  }
  return [
    terminal.parser.registerCsiHandler({ final: 'J' }, erase),
    terminal.parser.registerCsiHandler({ prefix: '?', final: 'J' }, erase),
  ]
}
