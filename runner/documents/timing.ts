// When a document's file is written: soon after the last edit, never long after the first. Only the timing.
import type { Clock } from './clock.ts'

/** Milliseconds of quiet after which the file is written. */
const quietMs = 50
/** Milliseconds after the first edit at which it is written in any case. */
const longestMs = 250

export class Soon {
  readonly #clock: Clock
  readonly #run: () => void
  #first: number | null = null
  #cancel: (() => void) | null = null

  constructor(clock: Clock, run: () => void) {
    this.#clock = clock
    this.#run = run
  }

  touch(): void {
    const now = this.#clock.now()
    this.#first ??= now
    this.at(Math.min(quietMs, Math.max(0, this.#first + longestMs - now)))
  }

  /** Runs after `ms`, whatever was planned before. */
  at(ms: number): void {
    this.#cancel?.()
    this.#cancel = this.#clock.after(ms, () => {
      this.stop()
      this.#run()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
    this.#first = null
  }
}
