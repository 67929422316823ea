// Sends what one terminal has to the runner: output, marks, sizes and the exit in their order, the first bytes at once,
// then at most one message each few milliseconds. Pulls from the ring, so that a slow runner costs no memory.
import { encodeStreamFrame } from '../../protocol/frames.ts'
import type { BoxToRunner } from '../../protocol/box.ts'
import type { Point, Terminal } from './terminal.ts'

/** Milliseconds between messages while output comes without pause: one frame of a screen holds three of them. */
export const batchMs = 5
/** Bytes of one message at most: large enough that its cost is that of its bytes. */
const batchBytes = 256 * 1024

/** Where messages go: answers false when the way is full; `onFree` of the owner then calls `flow` again. */
export type Way = { send: (frame: Uint8Array) => boolean }

export class Outlet {
  readonly #terminal: Terminal
  readonly #way: Way
  #cursor: number
  #nextPoint: number
  #saidExit = false
  #full = false
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  constructor(terminal: Terminal, way: Way, from: number) {
    this.#terminal = terminal
    this.#way = way
    this.#cursor = terminal.beginning(from)
    this.#nextPoint = terminal.points.find((point) => point.offset >= this.#cursor)?.seq ?? Infinity
    if (this.#nextPoint === Infinity) this.#nextPoint = (terminal.points.at(-1)?.seq ?? -1) + 1
  }

  /** Something is new. Goes at once when the terminal was quiet, else with what comes within the pause. */
  notice(): void {
    if (this.#timer || this.#full) return
    const waited = performance.now() - this.#sentAt
    if (waited >= batchMs || this.#terminal.exit) this.flow()
    else this.#timer = setTimeout(() => this.flow(), batchMs - waited)
  }

  /** Sends all that is there, as far as the way takes it. */
  flow(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#full = false
    this.#sentAt = performance.now()
    while (!this.#full && this.#step()) continue
  }

  /** What was sent last may never have arrived: all that is still here is wanted again. */
  close(): void {
    const { ring } = this.#terminal
    ring.taken = ring.first
    clearTimeout(this.#timer)
    this.#full = true
  }

  #step(): boolean {
    const { ring, exit } = this.#terminal
    if (this.#cursor < ring.first) this.#jump()
    const point = this.#point()
    if (point && point.offset <= this.#cursor) return this.#sendPoint(point)
    if (this.#cursor < ring.next) return this.#sendOutput(point)
    if (!exit || this.#saidExit) return false
    this.#saidExit = true
    return this.#send({ type: 'exit', terminal: this.#terminal.id, offset: this.#cursor, ...exit })
  }

  /** The ring has left us behind: begin again at its oldest mark, which tells the runner so. */
  #jump(): void {
    this.#cursor = this.#terminal.beginning(this.#cursor)
    const point = this.#terminal.points.find((each) => each.offset >= this.#cursor)
    if (point) this.#nextPoint = point.seq
  }

  #point(): Point | undefined {
    return this.#terminal.points.find((point) => point.seq >= this.#nextPoint)
  }

  #sendPoint(point: Point): boolean {
    this.#nextPoint = point.seq + 1
    const { offset, cols, rows } = point
    const terminal = this.#terminal.id
    if (point.kind === 'sized') return this.#send({ type: 'sized', terminal, offset, cols, rows })
    return this.#send({ type: 'mark', terminal, offset, cols, rows }, point.prelude)
  }

  #sendOutput(point: Point | undefined): boolean {
    const until = Math.min(point?.offset ?? Infinity, this.#cursor + batchBytes)
    const bytes = this.#terminal.ring.slice(this.#cursor, until)
    const offset = this.#cursor
    this.#cursor += bytes.length
    this.#terminal.ring.taken = this.#cursor
    return this.#send({ type: 'out', terminal: this.#terminal.id, offset }, bytes)
  }

  #send(message: BoxToRunner, payload?: Uint8Array): boolean {
    this.#full = !this.#way.send(encodeStreamFrame(message, payload))
    return true
  }
}
