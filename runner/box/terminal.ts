// One terminal as the box holds it: its PTY, its recent output, the places in it where a screen can begin, its exit.
// Knows nothing of the runner that follows it.
import type { BoxTerminal } from '../../protocol/box.ts'
import type { Size } from '../../protocol/terminal.ts'
import { Pty, type PtyExit } from './pty.ts'
import { Ring } from './ring.ts'
import { Scan } from './scan.ts'
import type { ShellCommand } from './shell.ts'

/** A place in the output that means something: a `mark` to begin from, or a change of size. `seq` grows by one each. */
export type Point = { seq: number; offset: number; cols: number; rows: number } & (
  { kind: 'mark'; prelude: Buffer } | { kind: 'sized' }
)

export type TerminalLaunch = Size & {
  id: number
  name: string
  shell: ShellCommand
  ringBytes: number
  /** Something new: output, a point, or the exit. */
  onChange: () => void
}

/** A ring holds about this many marks, so that little of it is lost by beginning at the oldest. */
const marksPerRing = 8
/** A runner that is away for seconds misses nothing of a program that prints megabytes: so many rings are kept for it. */
const ringsAway = 4

export class Terminal {
  readonly id: number
  readonly ring: Ring
  name: string
  exit: PtyExit | null = null
  points: Point[] = []
  readonly #pty: Pty
  readonly #scan = new Scan()
  readonly #markEvery: number
  #nextMark: number
  #nextSeq = 0
  #size: Size
  readonly #onChange: () => void

  constructor(launch: TerminalLaunch) {
    this.id = launch.id
    this.name = launch.name
    this.ring = new Ring({ usual: launch.ringBytes, most: launch.ringBytes * ringsAway })
    this.#markEvery = Math.ceil(launch.ringBytes / marksPerRing)
    this.#nextMark = this.#markEvery
    this.#size = { cols: launch.cols, rows: launch.rows }
    this.#onChange = launch.onChange
    this.#addMark(0)
    this.#pty = new Pty({
      ...launch.shell,
      ...this.#size,
      onOutput: (bytes) => this.#take(bytes),
      onExit: (exit) => this.#end(exit),
    })
  }

  get pid(): number {
    return this.#pty.pid
  }

  get size(): Size {
    return this.#size
  }

  /** True while its program lives; its last output may still be on the way when it is false. */
  get isAlive(): boolean {
    return !this.#pty.hasEnded
  }

  describe(): BoxTerminal {
    const { id, name, pid, exit } = this
    return { terminal: id, name, ...this.#size, pid, first: this.ring.first, next: this.ring.next, exit }
  }

  write(bytes: Uint8Array): void {
    if (this.isAlive) this.#pty.write(bytes)
  }

  pause(paused: boolean): void {
    if (!this.exit) this.#pty.pause(paused)
  }

  resize(size: Size): void {
    if (this.exit || (size.cols === this.#size.cols && size.rows === this.#size.rows)) return
    this.#pty.resize(size)
    this.#size = { cols: size.cols, rows: size.rows }
    this.#addPoint({ kind: 'sized', offset: this.ring.next })
    this.#onChange()
  }

  /** Where to begin for somebody who has everything before `from`: there, or at the oldest mark when it is gone. */
  beginning(from: number): number {
    const { first, next } = this.ring
    if (from >= first && from <= next) return from
    return this.points.find((point) => point.kind === 'mark' && point.offset >= first)?.offset ?? next
  }

  #take(bytes: Buffer): void {
    const base = this.ring.next
    this.ring.push(bytes)
    let read = 0
    while (read >= 0 && read < bytes.length) {
      read = this.#scan.read(bytes, read, this.#nextMark - base)
      if (read >= 0) this.#addMark(base + read)
    }
    this.#forgetPoints()
    this.#onChange()
  }

  #end(exit: PtyExit): void {
    this.exit = exit
    this.#onChange()
  }

  #addMark(offset: number): void {
    this.#nextMark = offset + this.#markEvery
    this.#addPoint({ kind: 'mark', offset, prelude: Buffer.from(this.#scan.modes.prelude(), 'latin1') })
  }

  #addPoint(point: { offset: number } & ({ kind: 'mark'; prelude: Buffer } | { kind: 'sized' })): void {
    this.points.push({ ...point, ...this.#size, seq: this.#nextSeq++ })
  }

  /** Points before the ring say nothing any more. */
  #forgetPoints(): void {
    const gone = this.points.findIndex((point) => point.offset >= this.ring.first)
    if (gone > 0) this.points.splice(0, gone)
  }
}
