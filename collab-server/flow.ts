// Holds a peer to its rate: over it, its socket is not read for a moment. Nothing is dropped.
import { limits } from '../protocol/limits.ts'
import type { Peer } from './peer.ts'

/** Milliseconds a peer that used up its burst is not read. */
const restMs = 250

export class Flow {
  readonly #peer: Peer
  #left: number = limits.updatesBurst
  #at = Date.now()
  #resting: NodeJS.Timeout | null = null

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** Counts one frame. */
  count(): void {
    const now = Date.now()
    this.#left =
      Math.min(limits.updatesBurst, this.#left + ((now - this.#at) / 1000) * limits.updatesPerSecond) - 1
    this.#at = now
    if (this.#left > 0 || this.#resting) return
    this.#peer.pause('rate')
    this.#resting = setTimeout(() => {
      this.#resting = null
      this.#peer.resume('rate')
    }, restMs)
  }

  stop(): void {
    if (this.#resting) clearTimeout(this.#resting)
  }
}
