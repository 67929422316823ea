// Puts input bytes into a PTY in order, waiting with a growing pause while its program does not read; decides nothing
// about who may type.
import { writeSync } from 'node:fs'

/** The kernel takes at most this much at once; a small slice keeps one paste from holding the event loop. */
const sliceBytes = 16 * 1024
/** Milliseconds to wait when the PTY is full: a program that reads is served soon, one that does not costs nothing. */
const firstPauseMs = 1
const longestPauseMs = 20

export class PtyWriter {
  readonly #fd: number
  #waiting: Uint8Array[] = []
  #pauseMs = firstPauseMs
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Bytes that the program has not taken yet. */
  get backlog(): number {
    return this.#waiting.reduce((sum, bytes) => sum + bytes.length, 0)
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return
    this.#waiting.push(bytes)
    if (!this.#timer) this.#drain()
  }

  close(): void {
    this.#closed = true
    this.#waiting = []
    clearTimeout(this.#timer)
  }

  #drain(): void {
    this.#timer = undefined
    for (let head = this.#waiting[0]; head; head = this.#waiting[0]) {
      const written = writeSome(this.#fd, head.subarray(0, sliceBytes))
      if (written === 0) return this.#later()
      this.#pauseMs = firstPauseMs
      if (written === head.length) this.#waiting.shift()
      else this.#waiting[0] = head.subarray(written)
    }
  }

  #later(): void {
    this.#timer = setTimeout(() => this.#drain(), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
  }
}

/** How many of `bytes` a non-blocking descriptor took: 0 when it is full. A descriptor that is gone takes everything. */
export function writeSome(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes)
  } catch (fault) {
    return isFull(fault) ? 0 : bytes.length
  }
}

function isFull(fault: unknown): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === 'EAGAIN'
}
