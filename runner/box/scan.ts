// Follows a terminal's output far enough to know its modes and where it may be cut: after a line feed, outside of any
// escape sequence. Draws nothing.
import { Modes } from './modes.ts'

type Where = 'ground' | 'escape' | 'csi' | 'osc' | 'osc-escape' | 'text' | 'text-escape'

/** A sequence longer than this is not one that we follow; it is passed over to its end. */
const longestSequence = 1024

const bell = 0x07
const lineFeed = 0x0a
const shiftOut = 0x0e
const shiftIn = 0x0f
const cancel = 0x18
const substitute = 0x1a
const escapeByte = 0x1b

export class Scan {
  readonly modes = new Modes()
  #where: Where = 'ground'
  #held = ''

  /** Reads on from `from`, and stops behind the first line feed at or after `wanted` where the output may be cut: gives
   *  that index, or -1 when all was read and no such place came. */
  read(bytes: Uint8Array, from: number, wanted: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (this.#where !== 'ground') this.#inSequence(byte)
      else if (byte < 0x20) {
        if (byte === lineFeed && at >= wanted) return at + 1
        this.#control(byte)
      }
    }
    return -1
  }

  #control(byte: number): void {
    if (byte === escapeByte) this.#enter('escape')
    else if (byte === shiftOut || byte === shiftIn) this.modes.shift(byte === shiftOut)
  }

  #enter(where: Where): void {
    this.#where = where
    this.#held = ''
  }

  #inSequence(byte: number): void {
    if (byte === cancel || byte === substitute) return this.#enter('ground')
    if (this.#where === 'escape') this.#inEscape(byte)
    else if (this.#where === 'csi') this.#inCsi(byte)
    else this.#inString(byte)
  }

  #inEscape(byte: number): void {
    const char = String.fromCharCode(byte)
    if (byte === escapeByte) return this.#enter('escape')
    if (char === '[') return this.#enter('csi')
    if (char === ']') return this.#enter('osc')
    if (this.#held === '' && /[PX^_]/.test(char)) return this.#enter('text')
    if (byte >= 0x20 && byte <= 0x2f) return this.#hold(char)
    if (byte < 0x20) return this.#control(byte)
    this.modes.escape(this.#held, char)
    this.#enter('ground')
  }

  #inCsi(byte: number): void {
    if (byte === escapeByte) return this.#enter('escape')
    const char = String.fromCharCode(byte)
    if (byte >= 0x20 && byte < 0x40) return this.#hold(char)
    if (byte < 0x20) return this.#control(byte)
    if (byte < 0x7f) this.modes.csi(this.#held, char)
    this.#enter('ground')
  }

  /** An operating system command ends at a bell or ESC \; other strings at ESC \ alone. */
  #inString(byte: number): void {
    const isOsc = this.#where === 'osc' || this.#where === 'osc-escape'
    const wasEscape = this.#where === 'osc-escape' || this.#where === 'text-escape'
    if (wasEscape) {
      if (isOsc) this.modes.osc(this.#held)
      this.#enter('escape')
      return this.#inEscape(byte)
    }
    if (byte === escapeByte) this.#where = isOsc ? 'osc-escape' : 'text-escape'
    else if (byte === bell && isOsc) {
      this.modes.osc(this.#held)
      this.#enter('ground')
    } else if (isOsc) this.#hold(String.fromCharCode(byte))
  }

  #hold(char: string): void {
    if (this.#held.length < longestSequence) this.#held += char
  }
}
