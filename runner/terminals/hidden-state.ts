// What a serialized screen lacks: tab stops, title, mouse encoding, scroll region, saved cursor, charsets, and a cursor that
// stands behind the last column. Gives the bytes that put them right behind the serialized screen.
import { innerState, type Attributes, type Charset, type Emulator, type InnerState } from './emulator.ts'

const csi = '\u001b['
const defaultTabWidth = 8
const cursorStyles = { block: 2, underline: 4, bar: 6 } as const

export function hiddenState(terminal: Emulator): string {
  const state = innerState(terminal)
  return [
    `${csi}?6l${csi}4l`,
    tabStops(state, terminal.cols),
    state.title === '' ? '' : `\u001b]2;${state.title}\u0007`,
    mouseEncoding(state),
    cursorLook(state),
    scrollRegion(state, terminal.rows),
    savedCursor(state),
    state.origin ? `${csi}?6h` : '',
    cursor(state, terminal),
    state.insert ? `${csi}4h` : '',
  ].join('')
}

function tabStops(state: InnerState, cols: number): string {
  const set = Object.keys(state.buffer.tabs)
    .map(Number)
    .filter((column) => state.buffer.tabs[column] && column < cols)
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

function scrollRegion(state: InnerState, rows: number): string {
  const { scrollTop, scrollBottom } = state.buffer
  if (scrollTop === 0 && scrollBottom === rows - 1) return ''
  return `${csi}${scrollTop + 1};${scrollBottom + 1}r`
}

function savedCursor(state: InnerState): string {
  const { savedX, savedY, ybase, savedCurAttrData, savedCharset } = state.buffer
  const row = Math.max(0, savedY - ybase)
  const set = designation('(', savedCharset)
  return `${csi}${row + 1};${savedX + 1}H${colours(savedCurAttrData)}${set}\u001b7${set === '' ? '' : '\u001b(B'}`
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
  if (state.hasJustPrinted) return colours(state.attributes) + sets + at(last.column) + last.chars
  return at(last.column) + printed + colours(state.attributes) + sets
}

function lastCell(terminal: Emulator, state: InnerState) {
  const line = terminal.buffer.active.getLine(state.buffer.ybase + state.buffer.y)
  for (let column = Math.min(state.buffer.x, terminal.cols) - 1; column >= 0; column--) {
    const cell = line?.getCell(column)
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

/** Colours and styles as one sequence that begins from none. */
export function colours(of: Attributes): string {
  const styles: [number, number][] = [
    [of.isBold(), 1],
    [of.isDim(), 2],
    [of.isItalic(), 3],
    [of.isUnderline(), 4],
    [of.isBlink(), 5],
    [of.isInverse(), 7],
    [of.isInvisible(), 8],
    [of.isStrikethrough(), 9],
    [of.isOverline(), 53],
  ]
  const on = styles.filter(([is]) => is !== 0).map(([, code]) => code)
  return `${csi}${[0, ...on, ...foreground(of), ...background(of)].join(';')}m`
}

function foreground(of: Attributes): number[] {
  const colour = of.getFgColor()
  if (of.isFgRGB()) return [38, 2, (colour >> 16) & 255, (colour >> 8) & 255, colour & 255]
  return of.isFgPalette() ? [38, 5, colour] : []
}

function background(of: Attributes): number[] {
  const colour = of.getBgColor()
  if (of.isBgRGB()) return [48, 2, (colour >> 16) & 255, (colour >> 8) & 255, colour & 255]
  return of.isBgPalette() ? [48, 5, colour] : []
}
