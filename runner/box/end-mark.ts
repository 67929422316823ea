// Tells the program's last byte from the end of the stream: a mark of random digits is written behind it and looked for
// on the reading side. Knows nothing of PTYs.
import { randomInt } from 'node:crypto'

/** Digits alone, because a terminal's output settings may change letters, tabs and line ends. */
const digits = 40

export function newEndMark(): Buffer {
  return Buffer.from(Array.from({ length: digits }, () => randomInt(10)).join(''))
}

/** Passes bytes on until the mark is seen; holds back what could be the beginning of it. */
export class MarkFinder {
  readonly #mark: Buffer
  #held: Buffer = Buffer.alloc(0)
  found = false

  constructor(mark: Buffer) {
    this.#mark = mark
  }

  push(chunk: Buffer): Buffer {
    if (this.found) return Buffer.alloc(0)
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const at = bytes.indexOf(this.#mark)
    this.found = at >= 0
    const end = this.found ? at : bytes.length - this.#beginningAtEndOf(bytes)
    this.#held = this.found ? Buffer.alloc(0) : bytes.subarray(end)
    return bytes.subarray(0, end)
  }

  /** What was held back, when no mark will come any more. */
  rest(): Buffer {
    const rest = this.#held
    this.#held = Buffer.alloc(0)
    return rest
  }

  #beginningAtEndOf(bytes: Buffer): number {
    const most = Math.min(this.#mark.length - 1, bytes.length)
    for (let length = most; length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#mark.subarray(0, length))) return length
    }
    return 0
  }
}
