// A terminal's screen without a window: fed from the tape in small slices, it gives the bytes that paint a fresh terminal
// the same. Knows nothing of viewers, and never holds the event loop for long.
import { innerState, newEmulator, type Emulator } from './emulator.ts'
import { hiddenState } from './hidden-state.ts'
import type { Mark, Tape } from './tape.ts'
import { unfinishedCharacter, unfinishedSequence } from './unfinished.ts'

/** Lines above the screen that a late joiner gets. */
export const scrollbackLines = 1000
/** Bytes parsed in one go: about a millisecond. */
const sliceBytes = 16 * 1024

export class Mirror {
  readonly #terminal: Emulator
  readonly #serialize: () => string
  /** Everything before this offset is on the screen. */
  offset: number
  #size: { cols: number; rows: number }

  constructor(mark: Mark) {
    const { cols, rows } = mark
    this.#size = { cols, rows }
    this.offset = mark.offset
    const emulator = newEmulator({ cols, rows, scrollback: scrollbackLines })
    this.#terminal = emulator.terminal
    this.#serialize = emulator.serialize
    this.#terminal.write(mark.prelude)
  }

  /** Takes the next slice of the tape, at most up to `until`. False when there is none, or it is not there any more. */
  async feed(tape: Tape, until: number): Promise<boolean> {
    const size = tape.sizeAt(this.offset)
    if (size.cols !== this.#size.cols || size.rows !== this.#size.rows) await this.#resize(size)
    if (!tape.has(this.offset) || this.offset >= Math.min(until, tape.next)) return false
    const change = tape.sizesFrom(this.offset + 1)[0]?.offset ?? Infinity
    const most = Math.min(sliceBytes, until - this.offset, change - this.offset)
    const bytes = tape.read(this.offset, most)
    this.offset += bytes.length
    await this.#write(bytes)
    return true
  }

  /** The screen as it stands at `offset`, with what is unfinished there. */
  paint(tape: Tape): { cols: number; rows: number; bytes: Uint8Array } {
    const text = this.#serialize()
    const shown = Buffer.from(text + hiddenState(this.#terminal), 'utf8')
    const unfinished = innerState(this.#terminal).isBetweenSequences
      ? unfinishedCharacter
      : unfinishedSequence
    return { ...this.#size, bytes: Buffer.concat([shown, unfinished(tape, this.offset)]) }
  }

  dispose(): void {
    this.#terminal.dispose()
  }

  /** A resize must not overtake bytes that wait to be parsed. */
  async #resize(size: { cols: number; rows: number }): Promise<void> {
    this.#size = { cols: size.cols, rows: size.rows }
    await this.#write(new Uint8Array(0))
    this.#terminal.resize(size.cols, size.rows)
  }

  #write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve))
  }
}
