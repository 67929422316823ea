// Answers to what the peers of one repl ask to be sent (a document's state): each peer one at a time, when it can be taken, and no
// faster than other repls can bear. Knows no document.
import { limits } from '../protocol/limits.ts'
import type { Peer } from './peer.ts'

/** An answer that took so long is followed by a rest of this many times as long: a repl has at most a quarter of the relay. */
const restRatio = 3
/** Milliseconds of work that are no trouble to anybody. */
const freeMs = 2
/** Milliseconds until those whose sockets were full are looked at again. */
const againMs = 100

export class Answers {
  /** In the order of asking. */
  readonly #waiting = new Map<Peer, () => void>()
  readonly #queuedFor: (person: string) => number
  #due: NodeJS.Timeout | null = null

  /** `queuedFor`: bytes that wait on all sockets of a person in the repl. */
  constructor(queuedFor: (person: string) => number) {
    this.#queuedFor = queuedFor
  }

  /** `give` is called at once when nothing stands against it; a later question of the same peer takes the place of one that waits. */
  ask(peer: Peer, give: () => void): void {
    this.#waiting.set(peer, give)
    if (this.#due === null) this.#giveOn()
  }

  forget(peer: Peer): void {
    this.#waiting.delete(peer)
  }

  #giveOn(): void {
    this.#due = null
    for (const [peer, give] of this.#waiting) {
      if (!this.#canTake(peer)) continue
      this.#waiting.delete(peer)
      const begun = performance.now()
      give()
      const tookMs = performance.now() - begun
      if (tookMs > freeMs) return this.#giveOnIn(tookMs * restRatio)
    }
    if (this.#waiting.size > 0) this.#giveOnIn(againMs)
  }

  #canTake(peer: Peer): boolean {
    return peer.queued <= limits.caughtUpBytes && this.#queuedFor(peer.claims.sub) <= limits.answersBytes
  }

  #giveOnIn(ms: number): void {
    this.#due = setTimeout(() => this.#giveOn(), ms)
    this.#due.unref()
  }
}
