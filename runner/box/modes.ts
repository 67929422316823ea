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
const alternateScreens = new Set([47, 1047, 1049])
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
  #region = ''
  #cursorStyle = ''
  #charsets = new Map<string, string>()
  #shifted = false
  #title = ''

  reset(): void {
    this.#private = new Map()
    this.#ansi = new Set()
    this.#charsets = new Map()
    this.#alternate = 0
    this.#colours = this.#region = this.#cursorStyle = ''
    this.#shifted = false
  }

  /** One control sequence: `CSI prefix params intermediates final`, in two strings. */
  csi(parameters: string, final: string): void {
    if (parameters.startsWith('?') && (final === 'h' || final === 'l')) {
      for (const mode of numbers(parameters.slice(1))) this.#setPrivate(mode, final === 'h')
    } else if (final === 'h' || final === 'l') this.#setAnsi(parameters, final === 'h')
    else if (final === 'm' && !/^[>?]/.test(parameters)) this.#addColours(parameters)
    else if (final === 'r' && /^[\d;]*$/.test(parameters)) this.#region = parameters
    else if (final === 'q' && parameters.endsWith(' ')) this.#cursorStyle = parameters
    else if (final === 'p' && parameters === '!') this.#softReset()
  }

  /** One short escape: `ESC intermediate final`. */
  escape(intermediate: string, final: string): void {
    if (intermediate === '' && final === 'c') this.reset()
    else if (intermediate === '' && final === '=') this.#private.set(66, true)
    else if (intermediate === '' && final === '>') this.#private.set(66, false)
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
    if (this.#region !== '') out += `${esc}[${this.#region}r`
    if (this.#cursorStyle !== '') out += `${esc}[${this.#cursorStyle}q`
    for (const [slot, set] of this.#charsets) out += `${esc}${slot}${set}`
    if (this.#shifted) out += '\u000e'
    return out + this.#colours
  }

  #setPrivate(mode: number, on: boolean): void {
    if (alternateScreens.has(mode)) this.#alternate = on ? mode : 0
    else if (privateModes.has(mode)) this.#private.set(mode, on)
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
    for (const mode of [1, 6, 25, 66]) this.#private.delete(mode)
    this.#ansi.delete(insertMode)
    this.#region = ''
    this.#colours = ''
    this.#charsets.clear()
    this.#shifted = false
  }
}

function numbers(parameters: string): number[] {
  return parameters.split(';').map(Number).filter(Number.isInteger)
}
