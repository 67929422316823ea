// One xterm on the page: fonts, colours, size and scaling, and whose answers count. What it shows and sends comes from a Viewing.
import { FitAddon } from '@xterm/addon-fit'
import { Unicode11Addon } from '@xterm/addon-unicode11'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import { limits } from '../../../protocol/limits.ts'
import type { Size } from '../../../protocol/terminal.ts'
import { createScope } from '../scope.ts'
import type { Terminals, Viewing } from './terminals.ts'
import { swallowQueries } from './queries.ts'
import { terminalTheme } from './theme.ts'

export type Screen = {
  /** Who drives changed, or the panel did: fit the window, or scale to the driver's. */
  arrange: (isDriver: boolean) => void
  wearTheme: (worn: 'light' | 'dark') => void
  focus: () => void
  /** Types text as the person would. */
  type: (text: string) => void
  dispose: () => void
}

export type ScreenParts = {
  host: HTMLElement
  id: number
  name: string
  terminals: Terminals
  worn: 'light' | 'dark'
  isDriver: boolean
  mayType: boolean
  refused: (say: string) => void
}

const fontSize = 13
/** A viewer's picture is never scaled below this font size in pixels; then it scrolls. */
const smallestFont = 8
const scrollbackLines = 5_000

export function openScreen(parts: ScreenParts): Screen {
  const scope = createScope()
  const terminal = new Terminal({
    allowProposedApi: true,
    fontFamily: "'JetBrains Mono Variable', ui-monospace, Menlo, monospace",
    fontSize,
    lineHeight: 1.25,
    scrollback: scrollbackLines,
    minimumContrastRatio: 4.5,
    cursorBlink: false,
    disableStdin: !parts.mayType,
    theme: terminalTheme(parts.worn),
  })
  scope.add(() => terminal.dispose())
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(new WebLinksAddon())
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  terminal.open(parts.host)
  useGraphics(terminal)
  labelInput(terminal, parts.name)
  let isDriver = parts.isDriver
  let replays = 0
  let followed: Size | null = null
  for (const handler of swallowQueries(terminal, () => isDriver && replays === 0))
    scope.add(() => handler.dispose())

  const windowSize = (): Size => sizeOf(fit, terminal)
  const viewing = parts.terminals.view({
    terminal: parts.id,
    size: windowSize,
    resized: (size) => {
      followed = size
      if (!isDriver) follow(size)
    },
    canvas: {
      write: (bytes, painted) => terminal.write(bytes, painted),
      // In the order of what is written: an earlier picture may still be on its way to the screen.
      restart: (size) => {
        terminal.write('', () => {
          replays += 1
          terminal.reset()
          terminal.resize(size.cols, size.rows)
        })
        // After what is now handed over, so that it ends when the replay has been painted.
        queueMicrotask(() => terminal.write('', () => (replays -= 1)))
      },
    },
  })
  scope.add(viewing.dispose)
  scope.add(passInput(terminal, viewing))
  const follow = (size: Size): void => {
    terminal.options.fontSize = scaledFont(terminal, parts.host, size)
    if (size.cols !== terminal.cols || size.rows !== terminal.rows) terminal.resize(size.cols, size.rows)
  }
  const arrange = (drives: boolean): void => {
    if (scope.isDisposed() || parts.host.clientWidth === 0) return
    isDriver = drives
    if (!isDriver && followed !== null) return follow(followed)
    terminal.options.fontSize = fontSize
    const size = windowSize()
    if (size.cols !== terminal.cols || size.rows !== terminal.rows) terminal.resize(size.cols, size.rows)
    viewing.size(size)
  }
  return {
    arrange,
    wearTheme: (worn) => {
      terminal.options.theme = terminalTheme(worn)
    },
    focus: () => terminal.focus(),
    type: (text) => viewing.type(new TextEncoder().encode(text)),
    dispose: scope.dispose,
  }
}

function sizeOf(fit: FitAddon, terminal: Terminal): Size {
  const proposed = fit.proposeDimensions()
  const within = (value: number, range: { min: number; max: number }): number =>
    Math.max(range.min, Math.min(range.max, value))
  return {
    cols: within(proposed?.cols || terminal.cols, limits.terminalCols),
    rows: within(proposed?.rows || terminal.rows, limits.terminalRows),
  }
}

/** The largest font with which the driver's window fits into this one: a viewer never changes the real size. */
function scaledFont(terminal: Terminal, host: HTMLElement, size: Size): number {
  const screen = host.querySelector('.xterm-screen')
  const now = terminal.options.fontSize ?? fontSize
  if (screen === null || screen.clientWidth === 0) return now
  const cell = {
    width: screen.clientWidth / terminal.cols / now,
    height: screen.clientHeight / terminal.rows / now,
  }
  const fitting = Math.min(
    host.clientWidth / (cell.width * size.cols),
    host.clientHeight / (cell.height * size.rows),
  )
  return Math.max(smallestFont, Math.min(fontSize, Math.floor(fitting)))
}

function passInput(terminal: Terminal, viewing: Viewing): () => void {
  const utf8 = new TextEncoder()
  const data = terminal.onData((text) => viewing.type(utf8.encode(text)))
  const binary = terminal.onBinary((text) =>
    viewing.type(Uint8Array.from(text, (letter) => letter.charCodeAt(0))),
  )
  // F6 walks through the regions of the page: a terminal must not be a trap for the keyboard.
  terminal.attachCustomKeyEventHandler((event) => event.key !== 'F6')
  return () => {
    data.dispose()
    binary.dispose()
  }
}

/** Graphics by the card where there is one; on any trouble xterm's own drawing goes on. */
function useGraphics(terminal: Terminal): void {
  try {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => webgl.dispose())
    terminal.loadAddon(webgl)
  } catch {
    // No WebGL here: the DOM renderer is already in place.
  }
}

function labelInput(terminal: Terminal, name: string): void {
  terminal.textarea?.setAttribute('aria-label', `${name}, terminal input. F6 goes to the next region.`)
}
