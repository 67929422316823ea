// Keeps at most one mirror of a terminal: made when somebody needs a picture or when output would be forgotten that no
// mirror has seen; fed slowly in the background, dropped when a flood outruns it. Never slows the PTY.
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'
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
  readonly #log: Logger
  #mirror: Mirror | undefined
  #gaps = 0
  #timer: NodeJS.Timeout | undefined
  #taking: Promise<Screen> | undefined
  #noticedAt = 0
  #closed = false

  constructor(tape: Tape, tapeBytes: number, log: Logger) {
    this.#log = log
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
    const target = this.#tape.next
    while (!this.#closed) {
      const mirror = this.#current() ?? this.#begin(this.#tape.markBefore(enoughBytes))
      if (!this.#feed(mirror, target) && this.#current() === mirror) {
        return { offset: mirror.offset, ...mirror.paint(this.#tape) }
      }
      await nextTurn()
    }
    throw new Error('the terminal is gone')
  }

  #later(): void {
    this.#timer = setTimeout(() => this.#feedOne(), feedMs)
  }

  /** One slice in the background. A mirror that was outrun is made anew only when the terminal is quiet. */
  #feedOne(): void {
    const isQuiet = performance.now() - this.#noticedAt > quietMs
    const hadOne = this.#mirror !== undefined
    const mirror = this.#current() ?? this.#beginIn(isQuiet || !hadOne)
    const more = mirror ? this.#feed(mirror, Infinity) : !isQuiet
    this.#timer = undefined
    if (more && !this.#closed) this.#later()
  }

  /** Output that the emulator cannot bear must cost a picture and nothing else: go on behind it with an empty screen. */
  #feed(mirror: Mirror, until: number): boolean {
    try {
      return mirror.feed(this.#tape, until)
    } catch (fault) {
      this.#log.error({ err: fault }, 'the emulator failed on some output')
      this.#begin({ ...this.#tape.sizeAt(mirror.offset), offset: mirror.offset, prelude: new Uint8Array(0) })
      return true
    }
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
