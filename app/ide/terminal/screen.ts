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
import { surviveErase } from './survive-erase.ts'
import type { Worn } from '../../ui/theme.tsx'
import { terminalTheme } from './theme.ts'

export type Screen = {
  /** Who drives changed, or the panel did: fit the window, or scale to the driver's. */
  arrange: (isDriver: boolean) => void
  /** Whether keys go out from here. */
  allow: (mayType: boolean) => void
  wearTheme: (worn: Worn) => void
  /** Writes its lines for screen readers too. */
  readOut: (isOn: boolean) => void
  focus: () => void
  dispose: () => void
}

export type ScreenParts = {
  host: HTMLElement
  id: number
  name: string
  terminals: Terminals
  worn: Worn
  isDriver: boolean
  mayType: boolean
}

const fontSize = 13
/** A viewer's picture is never scaled below this font size in pixels; then it scrolls. */
const smallestFont = 8
const scrollbackLines = 5_000

export function openScreen(parts: ScreenParts): Screen {
  return new XtermScreen(parts)
}

class XtermScreen implements Screen {
  readonly #scope = createScope()
  readonly #terminal: Terminal
  readonly #fit = new FitAddon()
  readonly #host: HTMLElement
  readonly #viewing: Viewing
  #isDriver: boolean
  /** Pictures of the past being painted: their questions were answered long ago. */
  #replays = 0
  /** The driver's window, as last told. */
  #followed: Size | null = null

  constructor(parts: ScreenParts) {
    this.#host = parts.host
    this.#isDriver = parts.isDriver
    this.#terminal = drawTerminal(parts, this.#fit)
    this.#scope.add(() => this.#terminal.dispose())
    const isMine = (): boolean => this.#isDriver && this.#replays === 0
    for (const handler of swallowQueries(this.#terminal, isMine)) this.#scope.add(() => handler.dispose())
    this.#viewing = parts.terminals.view({
      terminal: parts.id,
      size: () => sizeOf(this.#fit, this.#terminal),
      resized: (size) => this.#follow(size),
      canvas: {
        write: (bytes, painted) => this.#terminal.write(bytes, painted),
        restart: (size) => this.#restart(size),
      },
    })
    this.#scope.add(this.#viewing.dispose)
    this.#scope.add(passInput(this.#terminal, this.#viewing))
  }

  readonly dispose = (): void => this.#scope.dispose()

  arrange(drives: boolean): void {
    if (this.#scope.isDisposed() || this.#host.clientWidth === 0) return
    this.#isDriver = drives
    if (!drives && this.#followed !== null) return this.#follow(this.#followed)
    this.#terminal.options.fontSize = fontSize
    const size = sizeOf(this.#fit, this.#terminal)
    this.#resize(size)
    this.#viewing.size(size)
  }

  allow(mayType: boolean): void {
    this.#terminal.options.disableStdin = !mayType
  }

  wearTheme(worn: Worn): void {
    this.#terminal.options.theme = terminalTheme(worn)
  }

  readOut(isOn: boolean): void {
    this.#terminal.options.screenReaderMode = isOn
  }

  focus(): void {
    this.#terminal.focus()
  }

  #follow(size: Size): void {
    this.#followed = size
    if (this.#isDriver) return
    this.#terminal.options.fontSize = scaledFont(this.#terminal, this.#host, size)
    this.#resize(size)
  }

  #resize(size: Size): void {
    if (size.cols === this.#terminal.cols && size.rows === this.#terminal.rows) return
    this.#terminal.resize(size.cols, size.rows)
  }

  /** In the order of what is written: an earlier picture may still be on its way to the screen. */
  #restart(size: Size): void {
    this.#terminal.write('', () => {
      this.#replays += 1
      this.#terminal.reset()
      this.#terminal.resize(size.cols, size.rows)
    })
    // After what is now handed over, so that it ends when the replay has been painted.
    queueMicrotask(() => this.#terminal.write('', () => (this.#replays -= 1)))
  }
}

function drawTerminal(parts: ScreenParts, fit: FitAddon): Terminal {
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
  terminal.loadAddon(fit)
  terminal.loadAddon(new WebLinksAddon())
  terminal.loadAddon(new Unicode11Addon())
  terminal.unicode.activeVersion = '11'
  surviveErase(terminal)
  terminal.open(parts.host)
  useGraphics(terminal)
  labelInput(terminal, parts.name)
  return terminal
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
