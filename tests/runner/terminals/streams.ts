// Seeded output of terminal programs: text, wide and combining characters, colours, cursor moves, scroll regions, alternate
// screens, titles, odd sequences; and the comparison of two screens cell by cell.
import type { Emulator } from '../../../runner/terminals/emulator.ts'
import { innerState } from '../../../runner/terminals/emulator.ts'
import type { Seeded } from '../box/seeded.ts'

const esc = '\u001b'
const words = [
  'make',
  'grün',
  '日本語',
  '😀👍',
  'e\u0301te\u0301',
  '→',
  'a',
  ' ',
  '\t',
  'warning:',
  '0123456789'.repeat(3),
]
const privateModes = [1, 6, 7, 12, 25, 45, 1000, 1002, 1003, 1004, 1006, 2004]

export function stream(random: Seeded, length: number, size: { cols: number; rows: number }): Buffer {
  const parts: string[] = []
  for (let at = 0; at < length; at++) parts.push(piece(random, size))
  return Buffer.from(parts.join(''), 'utf8')
}

function piece(random: Seeded, { cols, rows }: { cols: number; rows: number }): string {
  const n = (most: number) => 1 + random.below(most)
  const on = () => random.pick(['h', 'l'])
  const pieces: [number, () => string][] = [
    [30, () => random.pick(words)],
    [10, () => `${random.pick(words)}\r\n`],
    [4, () => random.pick(['\r', '\n', '\b', '\u0007'])],
    [
      8,
      () =>
        `${esc}[${random.pick(['', '0', '1', '3;4', '7', '31', '42', '38;5;200', '48;2;1;2;3', '9;53', '22;27', '39;49'])}m`,
    ],
    [6, () => `${esc}[${n(rows)};${n(cols)}H`],
    [4, () => `${esc}[${n(5)}${random.pick(['A', 'B', 'C', 'D', 'G', 'd'])}`],
    [3, () => `${esc}[${random.below(3)}${random.pick(['J', 'K'])}`],
    [3, () => `${esc}[${n(3)}${random.pick(['@', 'P', 'L', 'M', 'X', 'S', 'T'])}`],
    [2, () => `${esc}[${n(Math.max(1, rows - 2))};${Math.min(rows, 2 + n(rows))}r`],
    [1, () => `${esc}[r`],
    [3, () => `${esc}[?${random.pick(privateModes)}${on()}`],
    [1, () => `${esc}[4${on()}`],
    [2, () => `${esc}${random.pick(['7', '8', 'M', 'D', 'E', '=', '>', 'H'])}`],
    [2, () => `${esc}[?1049${on()}`],
    // As programs do it: lines are drawn and the usual characters taken back.
    [1, () => `${esc}(0lqqk${esc}(B`],
    [1, () => `${esc})0\u000etqqu\u000f${esc})B`],
    [1, () => `${esc}]${random.pick(['0', '2'])};title ${n(9)} ü${random.pick(['\u0007', `${esc}\\`])}`],
    [1, () => `${esc}[${n(6)} q`],
    [1, () => `${esc}[${random.pick(['c', '6n', '3g', '!p', '?25$p'])}`],
    [1, () => `${esc}P1$r0m${esc}\\`],
    [1, () => 'x'.repeat(cols)],
  ]
  let left = random.below(pieces.reduce((sum, [weight]) => sum + weight, 0))
  for (const [weight, make] of pieces) {
    left -= weight
    if (left < 0) return make()
  }
  return ''
}

/** Everything that a person sees of a screen or that changes what the next byte does. */
export function portrait(terminal: Emulator): object {
  const state = innerState(terminal)
  const { buffer } = terminal
  return {
    type: buffer.active.type,
    normal: lines(buffer.normal),
    alternate: buffer.active.type === 'alternate' ? lines(buffer.alternate) : [],
    cursor: [state.buffer.x, state.buffer.y],
    region: [state.buffer.scrollTop, state.buffer.scrollBottom],
    modes: { ...terminal.modes, synchronizedOutputMode: false },
    look: [state.cursorHidden, state.cursorStyle, state.title, state.mouseEncoding, state.insert],
    charsets: state.charsets
      .map((set) => set?.['q'] ?? '')
      .join()
      .replace(/,+$/, ''),
    shift: state.shift,
  }
}

type BufferLines = Emulator['buffer']['normal']

function lines(buffer: BufferLines): string[] {
  const out: string[] = []
  for (let row = 0; row < buffer.length; row++) out.push(line(buffer, row))
  return out
}

function line(buffer: BufferLines, row: number): string {
  const cells = buffer.getLine(row)
  let text = ''
  for (let column = 0; column < (cells?.length ?? 0); column++) {
    const cell = cells?.getCell(column)
    if (!cell) continue
    // A wide character covers the cell behind it, whatever inserting at the edge has left there.
    if (column > 0 && cells?.getCell(column - 1)?.getWidth() === 2) continue
    const isBlank = cell.getChars().trim() === '' && !cell.isInverse()
    const drawn = cell.isInverse() || cell.isStrikethrough() || cell.isOverline() || cell.isUnderline()
    const looks = [
      cell.isFgDefault() || isBlank ? '' : `${cell.getFgColorMode()}:${cell.getFgColor()}`,
      cell.isBgDefault() ? '' : `${cell.getBgColorMode()}:${cell.getBgColor()}`,
      drawn || (cell.isBold() && !isBlank) ? 'styled' : '',
    ].join('')
    text += (cell.getChars() || ' ') + (looks === '' ? '' : `<${looks}>`)
  }
  return text.trimEnd()
}
