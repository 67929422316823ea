// When a PTY is held back: only while the fastest viewer is a whole window behind, never with none, never for more than a
// second at a stretch. A build must not hang on a browser.

/** Milliseconds after which a held PTY runs on, whatever its viewers do. */
const longestHoldMs = 1000

/** What flow needs to know of a viewer. */
export type Pace = { keepsUp: boolean; isFull: boolean; isHalfFree: boolean }

export class Flow {
  readonly #hold: (held: boolean) => void
  #held = false
  /** After a hold that ran out, nothing is held until somebody has caught up. */
  #spent = false
  #timer: NodeJS.Timeout | undefined

  constructor(hold: (held: boolean) => void) {
    this.#hold = hold
  }

  get isHeld(): boolean {
    return this.#held
  }

  look(viewers: Iterable<Pace>): void {
    const pace = [...viewers].filter((viewer) => viewer.keepsUp)
    if (pace.some((viewer) => viewer.isHalfFree)) this.#spent = false
    if (this.#held) {
      if (pace.length === 0 || pace.some((viewer) => viewer.isHalfFree)) this.#set(false)
    } else if (!this.#spent && pace.length > 0 && pace.every((viewer) => viewer.isFull)) this.#set(true)
  }

  /** The box forgets holds when the link goes. */
  reset(): void {
    clearTimeout(this.#timer)
    this.#held = false
  }

  #set(held: boolean): void {
    clearTimeout(this.#timer)
    this.#held = held
    this.#hold(held)
    if (held) this.#timer = setTimeout(() => this.#runOn(), longestHoldMs)
  }

  #runOn(): void {
    this.#spent = true
    this.#set(false)
  }
}
