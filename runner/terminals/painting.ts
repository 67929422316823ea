// The bytes that paint the lines of a screen onto an empty one, with their scrollback, colours and soft wraps. The cursor and
// everything that cannot be seen are hidden-state.ts.
import { colours } from './colours.ts'
import { linesOf, type Cell, type Emulator, type ScreenLine } from './emulator.ts'

const csi = '\u001b['
const plain = `${csi}0m`

/** Lines from the top of the scrollback (or of the alternate screen) down to the last. */
export function paintLines(terminal: Emulator, screen: 'normal' | 'alternate'): string {
  const lines = linesOf(terminal, screen)
  return lines.map((line, row) => paintLine(line, lines[row + 1]?.isWrapped ?? null, terminal.cols)).join('')
}

/** `wraps`: whether the next line goes on with this one; null when there is no next line. */
function paintLine(line: ScreenLine, wraps: boolean | null, cols: number): string {
  const painter = new LinePainter(line, cols)
  const text = painter.paint()
  if (wraps === null) return text
  return text + (wraps ? painter.wrap() : `${plain}\r\n`)
}

class LinePainter {
  readonly #line: ScreenLine
  readonly #cols: number
  #cell: Cell | undefined
  #fg = 0
  #bg = 0
  #out = plain
  /** Empty cells not yet passed over. */
  #skipped = 0

  constructor(line: ScreenLine, cols: number) {
    this.#line = line
    this.#cols = cols
  }

  paint(): string {
    for (let column = 0; column < this.#cols; column++) {
      const cell = this.#at(column)
      if (!cell || isUntouched(cell)) this.#skipped++
      else this.#print(cell)
      if (cell?.getWidth() === 2) column++
    }
    return this.#out
  }

  /** Goes on in the next line as a program does whose text is too long: only printing behind the last column wraps softly. */
  wrap(): string {
    const last = this.#at(this.#cols - 1)
    const isEmpty = !last || (last.getWidth() > 0 && last.getChars() === '' && isErased(last))
    const reach = isEmpty ? `${csi}${this.#cols}G ` : ''
    const putBack = last && isEmpty ? `${csi}A${csi}${this.#cols}G${colours(last)}${csi}X${csi}B${plain}` : ''
    return `${plain}${reach} ${putBack}\r${csi}X`
  }

  #at(column: number): Cell | undefined {
    this.#cell = this.#line.getCell(column, this.#cell)
    return this.#cell
  }

  #print(cell: Cell): void {
    if (this.#skipped > 0) this.#out += `${csi}${this.#skipped}C`
    this.#skipped = 0
    if (cell.fg !== this.#fg || cell.bg !== this.#bg) this.#out += colours(cell)
    this.#fg = cell.fg
    this.#bg = cell.bg
    if (cell.getChars() !== '' || !isErased(cell)) this.#out += cell.getChars() || ' '
    else {
      this.#out += `${csi}X`
      this.#skipped = 1
    }
  }
}

function isUntouched(cell: Cell): boolean {
  return cell.fg === 0 && cell.bg === 0 && cell.getChars() === ''
}

/** A cell that was erased has a background and nothing else: it is erased, not printed, so that it copies as nothing. */
function isErased(cell: Cell): boolean {
  return cell.fg === 0 && !cell.isItalic() && !cell.isDim() && !cell.isOverline()
}
