// Updates of one room that the runner has not saved yet: kept to be replayed, measured to slow writers down.
import type { PersonId } from '../protocol/ids.ts'

export type TailEntry = { n: number; author: PersonId; update: Uint8Array }

export class Tail {
  #entries: TailEntry[] = []
  #last = 0
  #logged = 0
  /** Bytes that the runner has not even logged: what back-pressure is about. */
  unloggedBytes = 0

  get last(): number {
    return this.#last
  }

  get logged(): number {
    return this.#logged
  }

  get saved(): number {
    return this.#last - this.#entries.length
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  add(author: PersonId, update: Uint8Array): TailEntry {
    this.#last += 1
    const entry = { n: this.#last, author, update }
    this.#entries.push(entry)
    this.unloggedBytes += update.length
    return entry
  }

  /** Acknowledgements are cumulative; one beyond what was sent, or older than one before, says nothing new. */
  markLogged(n: number): void {
    for (const entry of this.#entries) {
      if (entry.n > this.#logged && entry.n <= n) this.unloggedBytes -= entry.update.length
    }
    this.#logged = Math.max(this.#logged, Math.min(n, this.#last))
  }

  markSaved(n: number): void {
    this.markLogged(n)
    this.#entries = this.#entries.filter((entry) => entry.n > n)
  }

  /** Everything unsaved, oldest first. */
  entries(): readonly TailEntry[] {
    return this.#entries
  }
}
