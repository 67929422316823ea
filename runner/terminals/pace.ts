// How fast messages of a box are taken: a budget that refills with time. Pure arithmetic; who is over it waits.
import { limits } from '../../protocol/limits.ts'

/** Milliseconds' worth of messages that may come at once: the rings of all terminals after a pause. */
const burstMs = 100

export class Pace {
  readonly #perMs: number
  #left: number
  #at: number

  constructor(now: number, perMs: number = limits.boxFramesPerMs) {
    this.#perMs = perMs
    this.#left = perMs * burstMs
    this.#at = now
  }

  /** Takes `count` messages; gives the milliseconds to wait before the next ones. */
  take(count: number, now: number): number {
    const refilled = this.#left + (now - this.#at) * this.#perMs
    this.#left = Math.min(refilled, this.#perMs * burstMs) - count
    this.#at = now
    return this.#left >= 0 ? 0 : Math.ceil(-this.#left / this.#perMs)
  }
}
