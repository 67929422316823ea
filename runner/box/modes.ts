// What a terminal's output has switched on so far: modes, colours, charsets, scroll region, title. It gives the bytes that
// bring a fresh terminal into the same state; what stands on the screen it does not know.

/** Private modes that a program may leave on; the value is what a fresh terminal has. */
const privateModes = new Map<number, boolean>([
  [1, false],
  [6, false],
  [7, true],
  [9, false],
  [12, false],
  [25, true],
  [45, false],
  [66, false],
  [1000, false],
  [1002, false],
  [1003, false],
  [1004, false],
  [1005, false],
  [1006, false],
  [1015, false],
  [1016, false],
  [2004, false],
])
/** Of each group one is on at most: what the mouse tells, and in which form. Switching any off switches all off. */
const groups = [
  [9, 1000, 1002, 1003],
  [1005, 1006, 1015, 1016],
]
const alternateScreens = new Set([47, 1047, 1049])
/** Entering the alternate screen with this one saves the cursor, leaving takes it back; the other only does that. */
const alternateWithCursor = 1049
const cursorAlone = 1048
/** Taken back by a soft reset, in the emulator of our pages. */
const softModes = [1, 6, 7, 12, 25, 45, 66, 1004, 2004]

/** The normal and the alternate screen each have their own. */
type PerScreen = { region: string; savedColours: string }
const freshScreen = (): PerScreen => ({ region: '', savedColours: '' })
const insertMode = 4
const newLineMode = 20

const esc = '\u001b'

/** Bytes of title or colours worth keeping; longer ones are somebody's mistake. */
const longestTitle = 256
const longestColours = 512

export class Modes {
  #private = new Map<number, boolean>()
  #ansi = new Set<number>()
  #alternate = 0
  #colours = ''
  #normal = freshScreen()
  #other = freshScreen()
  #cursorStyle = ''
  #charsets = new Map<string, string>()
  #shifted = false
  #title = ''

  reset(): void {
    this.#private = new Map()
    this.#ansi = new Set()
    this.#charsets = new Map()
    this.#alternate = 0
    this.#colours = this.#cursorStyle = ''
    this.#normal = freshScreen()
    this.#other = freshScreen()
    this.#shifted = false
  }

  /** One control sequence: `CSI prefix params intermediates final`, in two strings. */
  csi(parameters: string, final: string): void {
    if (parameters.startsWith('?') && (final === 'h' || final === 'l')) {
      for (const mode of numbers(parameters.slice(1))) this.#setPrivate(mode, final === 'h')
    } else if (final === 'h' || final === 'l') this.#setAnsi(parameters, final === 'h')
    else if (final === 'm' && !/^[>?]/.test(parameters)) this.#addColours(parameters)
    else if (final === 'r' && isRegion(parameters)) this.#screen.region = parameters
    else if (final === 'q' && parameters.endsWith(' ')) this.#cursorStyle = parameters
    else if (final === 'p' && parameters === '!') this.#softReset()
  }

  /** One short escape: `ESC intermediate final`. */
  escape(intermediate: string, final: string): void {
    if (intermediate === '' && final === 'c') this.reset()
    else if (intermediate === '' && final === '=') this.#private.set(66, true)
    else if (intermediate === '' && final === '>') this.#private.set(66, false)
    else if (intermediate === '' && final === '7') this.#saveCursor()
    else if (intermediate === '' && final === '8') this.#takeCursorBack()
    else if (/^[()*+]$/.test(intermediate)) this.#charsets.set(intermediate, final)
  }

  /** One operating system command without its introducer and end. */
  osc(text: string): void {
    const title = /^[02];(.*)$/s.exec(text)?.[1]
    if (title !== undefined) this.#title = title.slice(0, longestTitle)
  }

  /** SO selects the second charset, SI the first. */
  shift(out: boolean): void {
    this.#shifted = out
  }

  /** Bytes that bring a fresh terminal here. */
  prelude(): string {
    let out = ''
    if (this.#title !== '') out += `${esc}]2;${this.#title}\u0007`
    if (this.#alternate) out += `${esc}[?${this.#alternate}h`
    for (const [mode, fresh] of privateModes) {
      const now = this.#private.get(mode)
      if (now !== undefined && now !== fresh) out += `${esc}[?${mode}${now ? 'h' : 'l'}`
    }
    for (const mode of this.#ansi) out += `${esc}[${mode}h`
    if (this.#screen.region !== '') out += `${esc}[${this.#screen.region}r`
    if (this.#cursorStyle !== '') out += `${esc}[${this.#cursorStyle}q`
    for (const [slot, set] of this.#charsets) out += `${esc}${slot}${set}`
    if (this.#shifted) out += '\u000e'
    return out + this.#colours
  }

  get #screen(): PerScreen {
    return this.#alternate ? this.#other : this.#normal
  }

  #setPrivate(mode: number, on: boolean): void {
    if (alternateScreens.has(mode)) this.#switchScreen(mode, on)
    else if (mode === cursorAlone && on) this.#saveCursor()
    else if (mode === cursorAlone) this.#takeCursorBack()
    else if (privateModes.has(mode)) {
      for (const other of groups.find((group) => group.includes(mode)) ?? []) this.#private.delete(other)
      this.#private.set(mode, on)
    }
  }

  #switchScreen(mode: number, on: boolean): void {
    if (on && mode === alternateWithCursor) this.#saveCursor()
    if (!on && this.#alternate) this.#other.region = ''
    this.#alternate = on ? mode : 0
    if (!on && mode === alternateWithCursor) this.#takeCursorBack()
  }

  #saveCursor(): void {
    this.#screen.savedColours = this.#colours
  }

  #takeCursorBack(): void {
    this.#colours = this.#screen.savedColours
  }

  #setAnsi(parameters: string, on: boolean): void {
    for (const mode of numbers(parameters)) {
      if (mode !== insertMode && mode !== newLineMode) continue
      if (on) this.#ansi.add(mode)
      else this.#ansi.delete(mode)
    }
  }

  /** Colours add up until a reset; the sequence that leads to them is their description. */
  #addColours(parameters: string): void {
    const resets = parameters === '' || /^0+(;|$)/.test(parameters)
    if (resets && /^0*$/.test(parameters)) this.#colours = ''
    else this.#colours = `${resets ? '' : this.#colours}${esc}[${parameters}m`
    if (this.#colours.length > longestColours) this.#colours = this.#colours.slice(-longestColours / 2)
    if (!this.#colours.startsWith(esc))
      this.#colours = this.#colours.slice(Math.max(0, this.#colours.indexOf(esc)))
  }

  #softReset(): void {
    for (const mode of softModes) this.#private.delete(mode)
    this.#ansi.delete(insertMode)
    this.#screen.region = this.#screen.savedColours = this.#colours = ''
    this.#charsets.clear()
    this.#shifted = false
  }
}

/** A region whose bottom is not below its top is no region, and changes nothing. */
function isRegion(parameters: string): boolean {
  const [top = 0, bottom = 0] = numbers(parameters)
  return /^[\d;]*$/.test(parameters) && (bottom === 0 || bottom > Math.max(1, top))
}

function numbers(parameters: string): number[] {
  return parameters.split(';').map(Number).filter(Number.isInteger)
}
