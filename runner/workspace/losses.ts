// Paths that vanished and are not decided yet: a tool may bring them back, or the same thing may turn up under another name.
// Keeps the time; what became of a path is decided by the tree.

/** A vanished path is decided after this many milliseconds: saving by renaming takes a few, `mv` shows up at once. */
const lossMs = 100

/** `to`: where the same thing was seen meanwhile. */
export type Loss = { from: string; to: string | null }
type Waiting = Loss & { due: number }

export class Losses {
  readonly #waiting = new Map<string, Waiting>()
  readonly #onDue: () => void
  #timer: NodeJS.Timeout | undefined

  /** `onDue` is called whenever some may be ready to be taken. */
  constructor(onDue: () => void) {
    this.#onDue = onDue
  }

  add(from: string, to: string | null): void {
    const known = this.#waiting.get(from)
    if (known) known.to = to ?? known.to
    else this.#waiting.set(from, { from, to, due: performance.now() + lossMs })
    this.#wake()
  }

  /** True for losses that have waited long enough by now. */
  due(): (loss: Loss) => boolean {
    const now = performance.now()
    return ({ from }) => (this.#waiting.get(from)?.due ?? now) <= now
  }

  /** The vanished paths that are asked for, upper ones first: they take the lower along. */
  paths(which: (loss: Loss) => boolean): string[] {
    return [...this.#waiting.values()]
      .filter(which)
      .map(({ from }) => from)
      .sort()
  }

  /** Removes and gives what is known of a vanished path, to be decided now. */
  take(from: string): Loss | undefined {
    const loss = this.#waiting.get(from)
    this.#waiting.delete(from)
    return loss
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }

  #wake(): void {
    if (this.#waiting.size === 0 || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#onDue()
      this.#wake()
    }, lossMs)
  }
}
