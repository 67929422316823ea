// One program on one PTY: bytes in, bytes out, size, signals, and an exit that comes after its last byte, always.
// Knows nothing of rings, terminals' names or sockets.
//
// Why the exit needs care: when the last holder of the slave side goes, the kernel reports a hang-up together with the
// remaining bytes, and the reader of the runtime takes a short read with a hang-up for the end. So we hold the slave
// open ourselves, write a mark behind the program's last byte when it has ended, and close only when the mark came out.
import { closeSync, constants, openSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { constants as os } from 'node:os'
import { newEndMark, MarkFinder } from './end-mark.ts'
import { forkPty, resizePty } from './native.ts'
import { PtyWriter, writeSome } from './writer.ts'

export type PtyExit = { code: number | null; signal: string | null }
export type PtyLaunch = {
  file: string
  args: string[]
  env: Record<string, string>
  cwd: string
  cols: number
  rows: number
  onOutput: (bytes: Buffer) => void
  /** Once, after the last `onOutput`. */
  onExit: (exit: PtyExit) => void
}

/** Milliseconds between tries to write the mark, and how many tries without any output until nothing can come. */
const markRetryMs = 5
const markTries = 100
/** Frees an output that a person stopped with ^S: else the mark could not be written behind it. */
const startOutput = Buffer.from([0x11])

export class Pty {
  readonly pid: number
  readonly #launch: PtyLaunch
  readonly #master: number
  readonly #slave: number
  readonly #reader: ReadStream
  readonly #writer: PtyWriter
  readonly #mark = newEndMark()
  readonly #finder = new MarkFinder(this.#mark)
  #ended: PtyExit | undefined
  #closed = false

  constructor(launch: PtyLaunch) {
    this.#launch = launch
    const { file, args, env, cwd, cols, rows } = launch
    const onExit = (code: number, signal: number): void => this.#finish(exitOf(code, signal))
    const forked = forkPty({ file, args, env, cwd, cols, rows, onExit })
    this.pid = forked.pid
    this.#master = forked.fd
    this.#slave = openSync(forked.pty, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
    this.#reader = new ReadStream(forked.fd)
    this.#writer = new PtyWriter(forked.fd)
    this.#reader.on('data', (chunk: Buffer) => this.#read(chunk))
    this.#reader.on('error', () => this.#close())
  }

  /** True from the end of the program itself, even while its output is still being read. */
  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  write(bytes: Uint8Array): void {
    this.#writer.write(bytes)
  }

  resize(size: { cols: number; rows: number }): void {
    if (!this.#ended) resizePty(this.#master, size)
  }

  /** Flow control. An ended program is read to its end whatever was asked. */
  pause(paused: boolean): void {
    if (paused && !this.#ended) this.#reader.pause()
    else this.#reader.resume()
  }

  #read(chunk: Buffer): void {
    const bytes = this.#ended ? this.#finder.push(chunk) : chunk
    if (bytes.length > 0) this.#launch.onOutput(bytes)
    if (this.#finder.found) this.#close()
  }

  #finish(exit: PtyExit): void {
    this.#ended = exit
    this.#reader.resume()
    this.#writeMark(this.#mark, 0)
  }

  /** The slave refuses bytes while the reader is behind, or while output is stopped by a person. */
  #writeMark(rest: Buffer, tries: number): void {
    if (this.#closed) return
    const left = rest.subarray(writeSome(this.#slave, rest))
    if (left.length === 0) return
    if (tries >= markTries) return this.#close()
    if (tries === markTries / 2) writeSome(this.#master, startOutput)
    setTimeout(() => this.#writeMark(left, tries + 1), markRetryMs)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    const rest = this.#finder.rest()
    if (rest.length > 0) this.#launch.onOutput(rest)
    this.#writer.close()
    this.#reader.destroy()
    closeSync(this.#slave)
    this.#launch.onExit(this.#ended ?? { code: null, signal: null })
  }
}

function exitOf(code: number, signal: number): PtyExit {
  if (signal === 0) return { code, signal: null }
  const name = Object.entries(os.signals).find(([, number]) => number === signal)?.[0]
  return { code: null, signal: name ?? `signal ${signal}` }
}
