// Follows one terminal's output by absolute offsets: no gap, no double, and says what was painted. It paints nothing itself.

/** The painted picture; `painted` is called when the bytes have really been drawn. */
export type Canvas = {
  write: (bytes: Uint8Array, painted: () => void) => void
  /** Clears everything and takes this size; queries in what follows are from the past until `painted`. */
  restart: (size: { cols: number; rows: number }) => void
}

export type StreamParts = {
  canvas: Canvas
  ack: (offset: number) => void
  /** Bytes are missing: attach again from `next()`. */
  gap: () => void
}

/** An acknowledgement leaves each so many bytes … */
const ackBytes = 64 * 1024
/** … or milliseconds, whichever is first. */
const ackMs = 100

export class OutputStream {
  readonly #parts: StreamParts
  #next = 0
  #painted = 0
  #acked = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Output painted before a restart says nothing about the offsets after it. */
  #age = 0

  constructor(parts: StreamParts) {
    this.#parts = parts
  }

  /** Offset of the next byte wanted. */
  next(): number {
    return this.#next
  }

  out(offset: number, bytes: Uint8Array): void {
    if (offset > this.#next) return this.#parts.gap()
    const known = this.#next - offset
    if (known >= bytes.length) return
    this.#paint(known === 0 ? bytes : bytes.subarray(known), offset + bytes.length)
  }

  snap(screen: { offset: number; cols: number; rows: number }, bytes: Uint8Array): void {
    this.#age += 1
    this.#painted = screen.offset
    // Acknowledged whatever was before: one that is not counts as never painted, and nothing may follow it.
    this.#acked = Math.min(this.#acked, screen.offset - 1)
    this.#parts.canvas.restart(screen)
    this.#paint(bytes, screen.offset)
  }

  dispose(): void {
    clearTimeout(this.#timer)
    this.#age += 1
  }

  #paint(bytes: Uint8Array, upTo: number): void {
    this.#next = upTo
    const age = this.#age
    this.#parts.canvas.write(bytes, () => {
      if (age === this.#age) this.#drawn(upTo)
    })
  }

  #drawn(upTo: number): void {
    this.#painted = upTo
    if (this.#painted - this.#acked >= ackBytes) return this.#ack()
    this.#timer ??= setTimeout(() => this.#ack(), ackMs)
  }

  #ack(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#painted === this.#acked) return
    this.#acked = this.#painted
    this.#parts.ack(this.#painted)
  }
}
