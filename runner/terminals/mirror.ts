// A terminal's screen without a window: fed from the tape in small slices, it gives the bytes that paint a fresh terminal
// the same. Knows nothing of viewers, and never holds the event loop for long.
import { feedEmulator, innerState, newEmulator, type Emulator } from './emulator.ts'
import { hiddenState, margins, savedPlace } from './hidden-state.ts'
import { paintLines } from './painting.ts'
import type { Mark, Tape } from './tape.ts'
import { unfinishedCharacter, unfinishedSequence } from './unfinished.ts'

/** Lines above the screen that a late joiner gets. */
export const scrollbackLines = 1000
/** Cells of one mirror, screen and lines above it: 12 bytes each, or a hundred where a program decorates every one. */
const mostCells = 200_000
/** Bytes parsed in one go: about a millisecond. */
const sliceBytes = 16 * 1024

export class Mirror {
  readonly #terminal: Emulator
  /** Everything before this offset is on the screen. */
  offset: number
  #size: { cols: number; rows: number }

  constructor(mark: Mark) {
    const { cols, rows } = mark
    this.#size = { cols, rows }
    this.offset = mark.offset
    this.#terminal = newEmulator({ cols, rows, scrollback: linesAbove(this.#size) })
    feedEmulator(this.#terminal, mark.prelude)
  }

  /** Takes the next slice of the tape, at most up to `until`. False when there is none, or it is not there any more. */
  feed(tape: Tape, until: number): boolean {
    this.#resize(tape.sizeAt(this.offset))
    if (!tape.has(this.offset) || this.offset >= Math.min(until, tape.next)) return false
    const change = tape.sizesFrom(this.offset + 1)[0]?.offset ?? Infinity
    const bytes = tape.read(this.offset, Math.min(sliceBytes, until - this.offset, change - this.offset))
    this.offset += bytes.length
    feedEmulator(this.#terminal, bytes)
    this.#resize(tape.sizeAt(this.offset))
    return true
  }

  /** The screen as it stands at `offset`, with what is unfinished there. */
  paint(tape: Tape): { cols: number; rows: number; bytes: Uint8Array } {
    const state = innerState(this.#terminal)
    const normal = paintLines(this.#terminal, 'normal')
    const alternate = this.#terminal.buffer.active.type === 'alternate' ? this.#alternate() : ''
    const shown = Buffer.from(normal + alternate + hiddenState(this.#terminal), 'utf8')
    const unfinished = state.isBetweenSequences ? unfinishedCharacter : unfinishedSequence
    return { ...this.#size, bytes: Buffer.concat([shown, unfinished(tape, this.offset)]) }
  }

  dispose(): void {
    this.#terminal.dispose()
  }

  /** Entering the alternate screen saves the cursor of the normal one, as the program did. */
  #alternate(): string {
    const { normal } = innerState(this.#terminal)
    const { place, after } = savedPlace(normal)
    const enter = '\u001b[?1049h\u001b[0m\u001b[2J\u001b[H'
    return margins(normal, this.#terminal) + place + enter + after + paintLines(this.#terminal, 'alternate')
  }

  #resize({ cols, rows }: { cols: number; rows: number }): void {
    if (cols === this.#size.cols && rows === this.#size.rows) return
    this.#size = { cols, rows }
    this.#terminal.options.scrollback = linesAbove(this.#size)
    this.#terminal.resize(cols, rows)
  }
}

/** Fewer above a very large screen. */
function linesAbove({ cols, rows }: { cols: number; rows: number }): number {
  return Math.max(0, Math.min(scrollbackLines, Math.floor(mostCells / cols) - rows))
}
