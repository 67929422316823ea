// Keeps at most one mirror of a terminal: made when somebody needs a picture or when output would be forgotten that no
// mirror has seen; fed slowly in the background, dropped when a flood outruns it. Never slows the PTY.
import { scrollbackLines, Mirror } from './mirror.ts'
import type { Mark, Tape } from './tape.ts'

export type Screen = { offset: number; cols: number; rows: number; bytes: Uint8Array }

/** Milliseconds between background slices: a sixth of one core at most. */
const feedMs = 10
/** Output that is parsed for a picture when there is no mirror: more than any screen with its scrollback. */
const enoughBytes = 64 * scrollbackLines * 4
/** Milliseconds without output after which a terminal counts as quiet. */
const quietMs = 250

export class Screens {
  readonly #tape: Tape
  readonly #most: number
  #mirror: Mirror | undefined
  #gaps = 0
  #timer: NodeJS.Timeout | undefined
  #taking: Promise<Screen> | undefined
  #noticedAt = 0
  #background: Promise<void> | undefined
  #closed = false

  constructor(tape: Tape, tapeBytes: number) {
    this.#tape = tape
    this.#most = tapeBytes
  }

  /** New output is on the tape. */
  notice(): void {
    this.#noticedAt = performance.now()
    if (this.#timer || this.#closed) return
    const { first, next } = this.#tape
    if (this.#mirror || next - first > this.#most / 2) this.#later()
  }

  /** The screen as it is now, or a moment later. Those who ask together get the same. */
  take(): Promise<Screen> {
    this.#taking ??= this.#take().finally(() => (this.#taking = undefined))
    return this.#taking
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#mirror?.dispose()
  }

  async #take(): Promise<Screen> {
    await this.#background
    const target = this.#tape.next
    while (!this.#closed) {
      const mirror = this.#current() ?? this.#begin(this.#tape.markBefore(enoughBytes))
      while (!this.#closed && (await mirror.feed(this.#tape, target))) continue
      if (this.#current() === mirror && !this.#closed)
        return { offset: mirror.offset, ...mirror.paint(this.#tape) }
    }
    throw new Error('the terminal is gone')
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      this.#background = this.#feedOne().finally(() => (this.#background = undefined))
    }, feedMs)
  }

  /** One slice in the background. A mirror that was outrun is made anew only when the terminal is quiet. */
  async #feedOne(): Promise<void> {
    const isQuiet = performance.now() - this.#noticedAt > quietMs
    const hadOne = this.#mirror !== undefined
    const mirror = this.#taking ? undefined : (this.#current() ?? this.#beginIn(isQuiet || !hadOne))
    const more = mirror ? await mirror.feed(this.#tape, Infinity) : false
    this.#timer = undefined
    if (!this.#closed && (more || (!mirror && !isQuiet))) this.#later()
  }

  /** The mirror, unless a flood has outrun it. */
  #current(): Mirror | undefined {
    if (this.#mirror && (!this.#tape.has(this.#mirror.offset) || this.#gaps !== this.#tape.gaps)) {
      this.#mirror.dispose()
      this.#mirror = undefined
    }
    return this.#mirror
  }

  #beginIn(now: boolean): Mirror | undefined {
    return now ? this.#begin(this.#tape.oldestMark()) : undefined
  }

  #begin(mark: Mark | undefined): Mirror {
    this.#mirror?.dispose()
    this.#gaps = this.#tape.gaps
    const { first } = this.#tape
    this.#mirror = new Mirror(
      mark ?? { ...this.#tape.sizeAt(first), offset: first, prelude: new Uint8Array(0) },
    )
    return this.#mirror
  }
}
