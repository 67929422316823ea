// What cannot be seen of a screen and still decides what the next byte does: modes, tab stops, title, scroll region, saved
// cursor, charsets, and a cursor that stands behind the last column. Gives the bytes that set them behind the painted lines.
import { colours } from './colours.ts'
import {
  innerState,
  lineAt,
  type Charset,
  type Emulator,
  type InnerState,
  type ScreenBuffer,
} from './emulator.ts'

const csi = '\u001b['
const defaultTabWidth = 8
const cursorStyles = { block: 2, underline: 4, bar: 6 } as const

export function hiddenState(terminal: Emulator): string {
  const state = innerState(terminal)
  return [
    margins(state.buffer, terminal),
    state.title === '' ? '' : `\u001b]2;${state.title}\u0007`,
    mouseEncoding(state),
    cursorLook(state),
    savedCursor(state.buffer),
    modes(terminal),
    state.origin ? `${csi}?6h` : '',
    state.insert ? `${csi}4h` : '',
    cursor(state, terminal),
  ].join('')
}

/** The normal and the alternate screen have their own. Setting them moves the cursor. */
export function margins(buffer: ScreenBuffer, terminal: Emulator): string {
  return tabStops(buffer, terminal.cols) + scrollRegion(buffer, terminal.rows)
}

function tabStops(buffer: ScreenBuffer, cols: number): string {
  const set = Object.keys(buffer.tabs)
    .map(Number)
    .filter((column) => buffer.tabs[column] && column < cols)
  const usual = Array.from({ length: Math.ceil(cols / defaultTabWidth) }, (_, at) => at * defaultTabWidth)
  if (set.join() === usual.join()) return ''
  return `${csi}3g${set.map((column) => `${csi}${column + 1}G\u001bH`).join('')}`
}

function mouseEncoding(state: InnerState): string {
  if (state.mouseEncoding === 'SGR') return `${csi}?1006h`
  return state.mouseEncoding === 'SGR_PIXELS' ? `${csi}?1016h` : ''
}

function cursorLook(state: InnerState): string {
  const { cursorStyle, cursorBlink, cursorHidden } = state
  const look = cursorStyle ? `${csi}${cursorStyles[cursorStyle] - (cursorBlink ? 1 : 0)} q` : ''
  return look + (cursorHidden ? `${csi}?25l` : '')
}

function scrollRegion(buffer: ScreenBuffer, rows: number): string {
  const { scrollTop, scrollBottom } = buffer
  if (scrollTop === 0 && scrollBottom === rows - 1) return ''
  return `${csi}${scrollTop + 1};${scrollBottom + 1}r`
}

function savedCursor(buffer: ScreenBuffer): string {
  const { place, after } = savedPlace(buffer)
  return `${place}\u001b7${after}`
}

/** Goes where the saved cursor is, with its colours and charset; `after` takes the charset back. */
export function savedPlace(buffer: ScreenBuffer): { place: string; after: string } {
  const { savedX, savedY, ybase, savedCurAttrData, savedCharset } = buffer
  const row = Math.max(0, savedY - ybase)
  const set = designation('(', savedCharset)
  const place = `${csi}${row + 1};${savedX + 1}H${colours(savedCurAttrData)}${set}`
  return { place, after: set === '' ? '' : '\u001b(B' }
}

/** Origin and insert mode come later: they would change what the rest of these bytes does. */
function modes(terminal: Emulator): string {
  const { modes } = terminal
  const mouse = { none: '', x10: '?9h', vt200: '?1000h', drag: '?1002h', any: '?1003h' }[
    modes.mouseTrackingMode
  ]
  const on = [
    modes.applicationCursorKeysMode ? '?1h' : '',
    modes.applicationKeypadMode ? '?66h' : '',
    modes.bracketedPasteMode ? '?2004h' : '',
    modes.reverseWraparoundMode ? '?45h' : '',
    modes.sendFocusMode ? '?1004h' : '',
    modes.wraparoundMode ? '' : '?7l',
    mouse,
  ]
  return on.map((mode) => (mode === '' ? '' : csi + mode)).join('')
}

/** The cursor, the colours and the charsets. Behind the last column, or where a combining character could still follow, the
 *  last character is printed again: nothing else brings a terminal there. */
function cursor(state: InnerState, terminal: Emulator): string {
  const { x, y, scrollTop } = state.buffer
  const row = y - (state.origin ? scrollTop : 0) + 1
  const sets = charsets(state)
  const at = (column: number): string => `${csi}${row};${column + 1}H`
  const last = x > 0 && (state.hasJustPrinted || x >= terminal.cols) ? lastCell(terminal, state) : undefined
  if (!last) return at(Math.min(x, terminal.cols - 1)) + colours(state.attributes) + sets
  const printed = colours(last.attributes) + last.chars
  const makeRoom = state.insert ? `${csi}${x - last.column}P` : ''
  if (state.hasJustPrinted) return colours(state.attributes) + sets + at(last.column) + makeRoom + last.chars
  return at(last.column) + makeRoom + printed + colours(state.attributes) + sets
}

function lastCell(terminal: Emulator, state: InnerState) {
  const line = lineAt(terminal, 'active', state.buffer.ybase + state.buffer.y)
  for (let column = Math.min(state.buffer.x, terminal.cols) - 1; column >= 0; column--) {
    const cell = line.getCell(column)
    if (!cell || (cell.getWidth() > 0 && cell.getChars() === '')) return undefined
    if (cell.getWidth() > 0) return { column, chars: cell.getChars(), attributes: cell }
  }
  return undefined
}

function charsets(state: InnerState): string {
  const slots = ['(', ')', '*', '+'].map((slot, index) => designation(slot, state.charsets[index]))
  return slots.join('') + (state.shift === 1 ? '\u000e' : '')
}

/** Of all charsets programs still use the one with the lines. */
function designation(slot: string, charset: Charset): string {
  return charset?.['q'] === '─' ? `\u001b${slot}0` : ''
}
