// The most recent bytes of one terminal, addressed by absolute offset. Knows nothing of what the bytes mean.

/** Grown by doubling from here, so that a quiet terminal costs little. */
const firstBytes = 64 * 1024

export class Ring {
  readonly #most: number
  #bytes: Buffer
  /** Offset one past the newest byte. */
  next = 0
  /** Offset of the oldest byte still here. */
  first = 0

  constructor(most: number) {
    this.#most = most
    this.#bytes = Buffer.alloc(Math.min(firstBytes, most))
  }

  push(bytes: Uint8Array): void {
    this.#growFor(this.next - this.first + bytes.length)
    const size = this.#bytes.length
    const kept = bytes.subarray(Math.max(0, bytes.length - size))
    const at = (this.next + bytes.length - kept.length) % size
    const untilEnd = Math.min(kept.length, size - at)
    this.#bytes.set(kept.subarray(0, untilEnd), at)
    this.#bytes.set(kept.subarray(untilEnd), 0)
    this.next += bytes.length
    this.first = Math.max(this.first, this.next - size)
  }

  /** A copy of bytes from `from` (which must be here) up to `to`. */
  slice(from: number, to: number): Buffer {
    const size = this.#bytes.length
    const end = Math.min(to, this.next)
    const out = Buffer.allocUnsafe(Math.max(0, end - from))
    const at = from % size
    const untilEnd = Math.min(out.length, size - at)
    this.#bytes.copy(out, 0, at, at + untilEnd)
    this.#bytes.copy(out, untilEnd, 0, out.length - untilEnd)
    return out
  }

  #growFor(needed: number): void {
    const size = this.#bytes.length
    if (needed <= size || size >= this.#most) return
    let grown = size
    while (grown < needed && grown < this.#most) grown = Math.min(grown * 2, this.#most)
    const held = this.slice(this.first, this.next)
    this.#bytes = Buffer.alloc(grown)
    const at = this.first % grown
    const untilEnd = Math.min(held.length, grown - at)
    this.#bytes.set(held.subarray(0, untilEnd), at)
    this.#bytes.set(held.subarray(untilEnd), 0)
  }
}
