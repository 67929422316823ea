// What one person's sockets in one repl may take of the relay's time: beyond it none of them is read for a while. Nothing is dropped.
import type { Peer } from './peer.ts'

/** Part of the time that one person's frames may take: neighbours have the rest. */
const share = 0.25
/** Milliseconds of work that are done at once: the first sync of a large document, the return of many open files. */
const burstMs = 500

export class Share {
  readonly #peers = new Set<Peer>()
  #spentMs = 0
  #at = performance.now()
  #resting: NodeJS.Timeout | null = null

  get size(): number {
    return this.#peers.size
  }

  join(peer: Peer): void {
    this.#peers.add(peer)
    if (this.#resting !== null) peer.pause('share')
  }

  leave(peer: Peer): void {
    this.#peers.delete(peer)
    if (this.#peers.size > 0 || this.#resting === null) return
    clearTimeout(this.#resting)
    this.#resting = null
  }

  /** Counts `ms` of work for one of them. */
  spend(ms: number): void {
    const now = performance.now()
    this.#spentMs = Math.max(0, this.#spentMs - (now - this.#at) * share) + ms
    this.#at = now
    if (this.#spentMs <= burstMs || this.#resting !== null) return
    for (const peer of this.#peers) peer.pause('share')
    this.#resting = setTimeout(() => this.#goOn(), (this.#spentMs - burstMs) / share)
    this.#resting.unref()
  }

  #goOn(): void {
    this.#resting = null
    for (const peer of this.#peers) peer.resume('share')
  }
}
