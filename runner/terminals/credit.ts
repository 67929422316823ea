// How many bytes may be on the way to one viewer: enough for its line and its speed, and no more, so that what it types is
// answered soon. Pure arithmetic over acknowledgements; the clock is the caller's.

const KiB = 1024
/** The least keeps a slow line busy; the most is 20 MB/s at 50 ms. */
export const window = { least: 128 * KiB, most: 1024 * KiB } as const
/** Weight of the newest measurement. */
const newest = 0.3
/** The window covers this many round trips at the measured speed. */
const roundTrips = 2

export class Credit {
  /** Bytes that may be on the way. */
  bytes: number = window.least
  #sent: { offset: number; at: number }[] = []
  #bytesPerMs = 0
  #roundTripMs = 0
  #lastAck: { offset: number; at: number } | undefined

  /** Messages on the way. */
  get messages(): number {
    return this.#sent.length
  }

  sent(offset: number, at: number): void {
    this.#sent.push({ offset, at })
  }

  acked(offset: number, at: number): void {
    let sentAt: number | undefined
    for (let head = this.#sent[0]; head && head.offset <= offset; head = this.#sent[0]) {
      sentAt = head.at
      this.#sent.shift()
    }
    if (sentAt === undefined) return
    this.#roundTripMs = mix(this.#roundTripMs, at - sentAt)
    if (this.#lastAck) this.#measure(offset - this.#lastAck.offset, at - this.#lastAck.at)
    this.#lastAck = this.#sent.length === 0 ? undefined : { offset, at }
    const wanted = this.#bytesPerMs * this.#roundTripMs * roundTrips
    this.bytes = Math.round(Math.min(window.most, Math.max(window.least, wanted)))
  }

  /** What was on the way does not count any more: the viewer begins anew. */
  restart(): void {
    this.#sent = []
    this.#lastAck = undefined
  }

  #measure(bytes: number, ms: number): void {
    if (bytes > 0 && ms > 0) this.#bytesPerMs = mix(this.#bytesPerMs, bytes / ms)
  }
}

function mix(old: number, now: number): number {
  return old === 0 ? now : old * (1 - newest) + now * newest
}
