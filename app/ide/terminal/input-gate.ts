// Passes typed bytes on in their order and holds Enter, and all behind it, until own edits have arrived. It owns no socket.
import { asAppError } from '../../../protocol/errors.ts'
import { arrivalOf, type Unlogged } from './arrival.ts'

const enterBytes = new Set([0x0a, 0x0d])
const holdsEnter = (bytes: Uint8Array): boolean => bytes.some((byte) => enterBytes.has(byte))

export type GateParts = {
  unlogged: Unlogged
  /** Throws in words when the bytes cannot leave now. */
  send: (bytes: Uint8Array) => void
  /** Words while something is held, null when nothing is. */
  waiting: (words: string | null) => void
  refused: (say: string) => void
}

export class InputGate {
  readonly #parts: GateParts
  #queue: Uint8Array[] = []
  #isDraining = false

  constructor(parts: GateParts) {
    this.#parts = parts
  }

  type(bytes: Uint8Array): void {
    this.#queue.push(bytes)
    if (!this.#isDraining) void this.#drain()
  }

  /** Throws away what is held: its terminal is gone. */
  dispose(): void {
    this.#queue = []
  }

  async #drain(): Promise<void> {
    this.#isDraining = true
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        if (holdsEnter(next) && this.#parts.unlogged.get() > 0) {
          await arrivalOf(this.#parts.unlogged, this.#parts.waiting)
          // Disposed while it waited.
          if (this.#queue.length === 0) break
          continue
        }
        this.#queue.shift()
        this.#parts.send(next)
      }
    } catch (thrown) {
      this.#queue = []
      this.#parts.refused(asAppError(thrown).say)
    } finally {
      this.#isDraining = false
    }
  }
}
