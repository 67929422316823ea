// The terminal emulator: how it is made, and the shape of its inner state that pictures need. The one place that knows
// @xterm/headless and looks inside it; the dependency is pinned, and the screen tests fail when the shape changes.
import { createRequire } from 'node:module'
import headless from '@xterm/headless'
import { z } from 'zod'

export type Emulator = InstanceType<typeof headless.Terminal>

const require = createRequire(import.meta.url)
// These are CommonJS in a wrapper whose names Node cannot see from a module.
const { SerializeAddon } = require('@xterm/addon-serialize') as typeof import('@xterm/addon-serialize')
const { Unicode11Addon } = require('@xterm/addon-unicode11') as typeof import('@xterm/addon-unicode11')

/** The widths of characters are those of Unicode 11, as in shells and in our pages. */
const unicodeVersion = '11'

export function newEmulator(options: { cols: number; rows: number; scrollback: number }) {
  const terminal = new headless.Terminal({ ...options, allowProposedApi: true })
  const serializer = new SerializeAddon()
  // The addons are typed for the browser's terminal; what they use is in both.
  terminal.loadAddon(serializer as unknown as Addon)
  terminal.loadAddon(new Unicode11Addon() as unknown as Addon)
  terminal.unicode.activeVersion = unicodeVersion
  return { terminal, serialize: () => serializer.serialize({ scrollback: options.scrollback }) }
}

type Addon = Parameters<Emulator['loadAddon']>[0]

/** Colours and styles of a cell or of what will be printed next. */
export type Attributes = {
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

const attributes = z.custom<Attributes>(
  (value) => typeof value === 'object' && value !== null && 'isBold' in value,
)
/** A map from characters to those that are drawn instead; undefined draws them as they are. */
const charset = z.record(z.string(), z.string()).nullish()
export type Charset = z.infer<typeof charset>

const Core = z.object({
  coreService: z.object({
    isCursorHidden: z.boolean(),
    decPrivateModes: z.object({
      origin: z.boolean(),
      cursorBlink: z.boolean().optional(),
      cursorStyle: z.enum(['block', 'underline', 'bar']).optional(),
    }),
    modes: z.object({ insertMode: z.boolean() }),
  }),
  coreMouseService: z.object({ activeEncoding: z.string() }),
  _charsetService: z.object({ glevel: z.number(), _charsets: z.array(charset) }),
  _bufferService: z.object({
    buffer: z.object({
      x: z.number(),
      y: z.number(),
      ybase: z.number(),
      savedX: z.number(),
      savedY: z.number(),
      savedCurAttrData: attributes,
      savedCharset: charset,
      scrollTop: z.number(),
      scrollBottom: z.number(),
      tabs: z.record(z.string(), z.boolean()),
    }),
  }),
  _inputHandler: z.object({
    _windowTitle: z.string(),
    _curAttrData: attributes,
    _parser: z.object({ currentState: z.number(), precedingJoinState: z.number() }),
  }),
})

export function innerState(terminal: Emulator) {
  const core = Core.parse((terminal as unknown as { _core: unknown })._core)
  const { buffer } = core._bufferService
  const { _parser: parser, _curAttrData: attributes, _windowTitle: title } = core._inputHandler
  return {
    title,
    attributes,
    buffer,
    /** True between sequences; a character of several bytes may still be unfinished. */
    isBetweenSequences: parser.currentState === 0,
    /** True when the last thing was a printed character, which a combining one could still join. */
    hasJustPrinted: parser.precedingJoinState !== 0,
    charsets: core._charsetService._charsets,
    shift: core._charsetService.glevel,
    cursorHidden: core.coreService.isCursorHidden,
    cursorStyle: core.coreService.decPrivateModes.cursorStyle,
    cursorBlink: core.coreService.decPrivateModes.cursorBlink,
    origin: core.coreService.decPrivateModes.origin,
    insert: core.coreService.modes.insertMode,
    mouseEncoding: core.coreMouseService.activeEncoding,
  }
}
export type InnerState = ReturnType<typeof innerState>
