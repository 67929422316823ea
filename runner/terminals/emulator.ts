// The terminal emulator: how it is made and fed, and the inner state that pictures need. The one place that knows
// @xterm/headless and looks inside it; the dependency is pinned, and the screen tests fail when its shape changes.
import { createRequire } from 'node:module'
import headless from '@xterm/headless'

export type Emulator = InstanceType<typeof headless.Terminal>

const require = createRequire(import.meta.url)
// CommonJS in a wrapper whose names Node cannot see from a module.
const { Unicode11Addon } = require('@xterm/addon-unicode11') as typeof import('@xterm/addon-unicode11')

/** The widths of characters are those of Unicode 11, as in shells and in our pages. */
const unicodeVersion = '11'

/** Colours and styles of a cell or of what will be printed next; equal `fg` and `bg` look the same. */
export type Attributes = {
  fg: number
  bg: number
  isBold(): number
  isDim(): number
  isItalic(): number
  isUnderline(): number
  isBlink(): number
  isInverse(): number
  isInvisible(): number
  isStrikethrough(): number
  isOverline(): number
  isFgRGB(): boolean
  isBgRGB(): boolean
  isFgPalette(): boolean
  isBgPalette(): boolean
  getFgColor(): number
  getBgColor(): number
}
export type Cell = Attributes & { getWidth(): number; getChars(): string }

/** A map from characters to those that are drawn instead; undefined draws them as they are. */
export type Charset = Record<string, string> | undefined | null

export type ScreenLine = {
  isWrapped: boolean
  /** Fills `into`; undefined behind the last column. */
  getCell(column: number, into?: Cell): Cell | undefined
}

export type ScreenBuffer = {
  x: number
  y: number
  ybase: number
  savedX: number
  savedY: number
  savedCurAttrData: Attributes
  savedCharset: Charset
  scrollTop: number
  scrollBottom: number
  tabs: Record<string, boolean>
  lines: { length: number; get(row: number): InnerLine | undefined }
}

/** A line from within: characters that join the one before them are put behind it, without an end. */
type InnerLine = {
  _combined: Record<number, string>
  isCombined(column: number): number
  addCodepointToCell(column: number, codepoint: number, width: number): void
}

/** Takes what an operating system command says, bit by bit. */
type CommandHandler = {
  start(): void
  put(data: Uint32Array, start: number, end: number): void
  end(isWhole: boolean): boolean
}

type Params = { params: (number | number[])[] }

/** What is used of the emulator's inside. */
type Core = {
  writeSync(bytes: Uint8Array): void
  coreService: {
    isCursorHidden: boolean
    decPrivateModes: { origin: boolean; cursorBlink?: boolean; cursorStyle?: 'block' | 'underline' | 'bar' }
    modes: { insertMode: boolean }
  }
  coreMouseService: { activeEncoding: string }
  _charsetService: { glevel: number; _charsets: Charset[]; charset: Charset }
  _bufferService: { buffer: ScreenBuffer; buffers: { normal: ScreenBuffer } }
  _inputHandler: {
    _windowTitle: string
    _curAttrData: Attributes
    _parser: {
      currentState: number
      precedingJoinState: number
      clearOscHandler(command: number): void
      clearDcsHandler(id: { intermediates: string; final: string }): void
      _oscParser: { registerHandler(command: number, handler: CommandHandler): void }
    }
    setTitle(title: string): boolean
    eraseInDisplay(params: Params): boolean
    eraseInLine(params: Params): boolean
  }
}

export function newEmulator(options: { cols: number; rows: number; scrollback: number }): Emulator {
  const terminal = new headless.Terminal({ ...options, allowProposedApi: true, logLevel: 'off' })
  // The addon is typed for the browser's terminal; what it uses is in both.
  terminal.loadAddon(new Unicode11Addon() as unknown as Parameters<Emulator['loadAddon']>[0])
  terminal.unicode.activeVersion = unicodeVersion
  surviveErase(terminal)
  keepLittle(terminal)
  return terminal
}

/** Characters of a title that a picture shows, and of a cell (a letter with its marks, an emoji of several) in UTF-16 units. */
const longestTitle = 1024
const longestCell = 16
/** Commands whose words the emulator would keep, up to 10 MB of each: of these pictures show the titles alone. */
const titles = [0, 2]
const unshown = [1, 4, 8, 10, 11, 12, 104, 110, 111, 112]
const unansweredQuestion = { intermediates: '$', final: 'q' }

/** What a program prints may cost us no more than the cells it prints to. */
function keepLittle(terminal: Emulator): void {
  const { _inputHandler: handler, _bufferService: service } = core(terminal)
  const { _parser: parser } = handler
  for (const command of [...titles, ...unshown]) parser.clearOscHandler(command)
  parser.clearDcsHandler(unansweredQuestion)
  for (const command of titles)
    parser._oscParser.registerHandler(
      command,
      titleHandler((title) => handler.setTitle(title)),
    )
  const line = service.buffer.lines.get(0)
  if (line !== undefined) boundCells(Object.getPrototypeOf(line) as InnerLine)
}

function titleHandler(set: (title: string) => boolean): CommandHandler {
  let title = ''
  return {
    start: () => void (title = ''),
    put(data, start, end) {
      const upTo = Math.min(end, start + longestTitle - title.length)
      if (start < upTo) title += String.fromCodePoint(...data.subarray(start, upTo))
    },
    end: (isWhole) => (isWhole ? set(title) : true),
  }
}

const bounded = new WeakSet<object>()

function boundCells(lines: InnerLine): void {
  if (bounded.has(lines)) return
  bounded.add(lines)
  const add = lines.addCodepointToCell
  lines.addCodepointToCell = function (this: InnerLine, column, codepoint, width) {
    const length = this.isCombined(column) ? (this._combined[column]?.length ?? 0) : 0
    if (length < longestCell) add.call(this, column, codepoint, width)
  }
}

/** Parses at once, so that what goes wrong is thrown here and not at the process. */
export function feedEmulator(terminal: Emulator, bytes: Uint8Array): void {
  if (bytes.length > 0) core(terminal).writeSync(bytes)
}

function core(terminal: Emulator): Core {
  return (terminal as unknown as { _core: Core })._core
}

/** Erasing up to the last cell of a buffer without lines below throws in this version: do it in two steps. */
function surviveErase(terminal: Emulator): void {
  const toCursor = 1
  const erase = (params: (number | number[])[]): boolean => {
    const { _bufferService: service, _inputHandler: handler } = core(terminal)
    const { buffer } = service
    const wouldThrow = buffer.x + 1 >= terminal.cols && buffer.y + 1 >= buffer.lines.length
    if (params[0] !== toCursor || !wouldThrow) return false
    handler.eraseInLine({ params })
    const { x } = buffer
    if (buffer.y === 0) return true
    buffer.y--
    handler.eraseInDisplay({ params })
    buffer.y++
    buffer.x = x
    return true
  }
  terminal.parser.registerCsiHandler({ final: 'J' }, erase)
  terminal.parser.registerCsiHandler({ prefix: '?', final: 'J' }, erase)
}

export function innerState(terminal: Emulator) {
  const { coreService, coreMouseService, _charsetService, _bufferService, _inputHandler } = core(terminal)
  const { _parser: parser, _curAttrData: attributes, _windowTitle: title } = _inputHandler
  return {
    title,
    attributes,
    buffer: _bufferService.buffer,
    normal: _bufferService.buffers.normal,
    /** True between sequences; a character of several bytes may still be unfinished. */
    isBetweenSequences: parser.currentState === 0,
    /** True when the last thing was a printed character, which a combining one could still join. */
    hasJustPrinted: parser.precedingJoinState !== 0,
    /** The one in force counts: going back to a saved cursor changes it without its slot. */
    charsets: [0, 1, 2, 3].map((slot) =>
      slot === _charsetService.glevel ? _charsetService.charset : _charsetService._charsets[slot],
    ),
    shift: _charsetService.glevel,
    cursorHidden: coreService.isCursorHidden,
    cursorStyle: coreService.decPrivateModes.cursorStyle,
    cursorBlink: coreService.decPrivateModes.cursorBlink,
    origin: coreService.decPrivateModes.origin,
    insert: coreService.modes.insertMode,
    mouseEncoding: coreMouseService.activeEncoding,
  }
}
export type InnerState = ReturnType<typeof innerState>

/** Lines of the normal or the alternate screen, from the oldest. */
export function linesOf(terminal: Emulator, screen: 'normal' | 'alternate'): ScreenLine[] {
  const { length } = terminal.buffer[screen]
  return Array.from({ length }, (_, row) => lineAt(terminal, screen, row))
}

/** The public type of a cell hides the numbers that make comparing cheap. */
export function lineAt(
  terminal: Emulator,
  screen: 'normal' | 'alternate' | 'active',
  row: number,
): ScreenLine {
  return terminal.buffer[screen].getLine(row) as unknown as ScreenLine
}
