// Recent output of one terminal as the runner holds it: bytes by absolute offset, the sizes they were written for, and the
// marks where a screen can begin. Knows nothing of viewers.
import { concat } from '../../protocol/frames.ts'
import type { Size } from '../../protocol/terminal.ts'

export type Mark = Size & { offset: number; prelude: Uint8Array }
export type SizeChange = Size & { offset: number }
type Chunk = { offset: number; bytes: Uint8Array }

/** Chunks up to this many bytes are put together. */
const smallBytes = 4096
/** Marks and changes of size that are kept: a box makes eight marks for as much output, and a window is drawn about for long. */
const mostMarks = 64
const mostSizes = 1024

export class Tape {
  readonly #most: number
  #chunks: Chunk[] = []
  #marks: Mark[] = []
  #sizes: SizeChange[]
  /** Offset one past the newest byte. */
  next = 0
  /** Counts the times the tape had to begin anew behind a gap; cursors from before are void. */
  gaps = 0

  constructor(most: number, size: Size) {
    this.#most = most
    this.#sizes = [{ offset: 0, cols: size.cols, rows: size.rows }]
  }

  /** Offset of the oldest byte still here. */
  get first(): number {
    return this.#chunks[0]?.offset ?? this.next
  }

  get size(): SizeChange {
    const last = this.#sizes.at(-1)
    if (!last) throw new Error('a tape always has a size')
    return last
  }

  /** Appends; bytes that are here already are passed over, and a gap begins the tape anew. False: nothing was new. */
  append(offset: number, bytes: Uint8Array): boolean {
    if (offset > this.next) this.#beginAt(offset)
    const fresh = bytes.subarray(Math.min(bytes.length, this.next - offset))
    if (fresh.length === 0) return false
    this.#push(fresh)
    this.next += fresh.length
    this.#forget()
    return true
  }

  mark(mark: Mark): void {
    if (mark.offset > this.next) {
      this.#beginAt(mark.offset)
      this.#sizes = [{ offset: mark.offset, cols: mark.cols, rows: mark.rows }]
    }
    const newest = this.#marks.at(-1)?.offset ?? -1
    if (mark.offset <= newest || mark.offset < this.first) return
    this.#marks.push(mark)
    if (this.#marks.length > mostMarks) this.#marks.shift()
  }

  /** False: that was the size already. */
  resize(change: SizeChange): boolean {
    const { cols, rows } = this.size
    if (change.offset < this.size.offset || (cols === change.cols && rows === change.rows)) return false
    if (change.offset > this.next) this.#beginAt(change.offset)
    // Of several at one place the last counts. The first of all stays: those who have seen it are told of a change.
    if (this.#sizes.length > 1 && this.size.offset === change.offset) this.#sizes.pop()
    this.#sizes.push(change)
    if (this.#sizes.length > mostSizes) this.#sizes.shift()
    return true
  }

  /** Bytes from `from` (which must be here), at most `most`, without a copy; fewer where a chunk ends. */
  read(from: number, most: number): Uint8Array {
    const chunk = this.#chunks[this.#indexOf(from)]
    if (!chunk) return new Uint8Array(0)
    const start = from - chunk.offset
    return chunk.bytes.subarray(start, start + most)
  }

  has(offset: number): boolean {
    return offset >= this.first && offset <= this.next
  }

  /** The size in force for the byte at `offset`. */
  sizeAt(offset: number): SizeChange {
    return this.#sizes.findLast((size) => size.offset <= offset) ?? this.#sizes[0] ?? this.size
  }

  /** Changes of size at or after `offset`, oldest first, without the one in force before. */
  sizesFrom(offset: number): SizeChange[] {
    return this.#sizes.filter((size, index) => index > 0 && size.offset >= offset)
  }

  oldestMark(): Mark | undefined {
    return this.#marks[0]
  }

  /** The newest mark with at least `bytes` of output behind it, or the oldest there is. */
  markBefore(bytes: number): Mark | undefined {
    return this.#marks.findLast((mark) => mark.offset + bytes <= this.next) ?? this.#marks[0]
  }

  /**
   * Keystrokes' echoes are put together: a chunk each would cost a hundred times its bytes. Others are copied: a few bytes of
   * what came from a socket would keep all that came with them.
   */
  #push(bytes: Uint8Array): void {
    const last = this.#chunks.at(-1)
    if (last && last.bytes.length + bytes.length <= smallBytes) last.bytes = concat(last.bytes, bytes)
    else this.#chunks.push({ offset: this.next, bytes: new Uint8Array(bytes) })
  }

  #beginAt(offset: number): void {
    const { cols, rows } = this.size
    this.#chunks = []
    this.#marks = []
    this.#sizes = [{ offset, cols, rows }]
    this.next = offset
    this.gaps++
  }

  #forget(): void {
    let gone = 0
    for (let second = this.#chunks[1]; second; second = this.#chunks[gone + 1]) {
      if (this.next - second.offset < this.#most) break
      gone++
    }
    if (gone > 0) this.#chunks.splice(0, gone)
    while ((this.#marks[0]?.offset ?? this.first) < this.first) this.#marks.shift()
    while ((this.#sizes[1]?.offset ?? this.first) < this.first) this.#sizes.shift()
  }

  /** Index of the chunk that holds `offset`. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.#chunks[middle]
      if (chunk && chunk.offset + chunk.bytes.length <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
