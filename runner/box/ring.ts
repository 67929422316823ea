// The most recent bytes of one terminal, addressed by absolute offset: more of them while nobody has taken them, as when the
// runner is away. Knows nothing of what the bytes mean.

/** Grown by doubling from here, so that a quiet terminal costs little. */
const firstBytes = 64 * 1024

/** `usual`: bytes kept of what was taken. `most`: bytes kept at most, however long nobody takes any. */
export type RingBytes = { usual: number; most: number }

export class Ring {
  readonly #bytesOf: RingBytes
  #bytes: Buffer
  /** Offset one past the newest byte. */
  next = 0
  /** Offset of the oldest byte still here. */
  first = 0
  /** Everything before this has been taken by whoever follows. */
  taken = 0

  constructor(bytes: RingBytes) {
    this.#bytesOf = bytes
    this.#bytes = Buffer.alloc(Math.min(firstBytes, bytes.usual))
  }

  push(bytes: Uint8Array): void {
    this.#fit(this.next + bytes.length)
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

  /** Larger for what is wanted up to `end`, the usual size again once it has been taken. */
  #fit(end: number): void {
    const { usual, most } = this.#bytesOf
    const size = this.#bytes.length
    const wanted = Math.max(Math.min(usual, end - this.first), Math.min(most, end - this.taken))
    let fitting = size
    while (fitting < wanted) fitting = Math.min(fitting * 2, fitting < usual ? usual : most)
    if (size > usual && wanted <= usual && end - this.taken <= usual / 2) fitting = usual
    if (fitting !== size) this.#resize(fitting)
  }

  #resize(size: number): void {
    const from = Math.max(this.first, this.next - size)
    const held = this.slice(from, this.next)
    this.#bytes = Buffer.alloc(size)
    this.first = from
    const at = from % size
    const untilEnd = Math.min(held.length, size - at)
    this.#bytes.set(held.subarray(0, untilEnd), at)
    this.#bytes.set(held.subarray(untilEnd), 0)
  }
}
