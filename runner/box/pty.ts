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

export type Pty = {
  readonly pid: number
  write: (bytes: Uint8Array) => void
  resize: (size: { cols: number; rows: number }) => void
  /** Flow control. An ended program is read to its end whatever was asked. */
  pause: (paused: boolean) => void
  /** True from the end of the program itself, even while its output is still being read. */
  hasEnded: () => boolean
}

/** Milliseconds between tries to write the mark, and how many tries without any output until nothing can come. */
const markRetryMs = 5
const markTries = 100
/** Frees an output that a person stopped with ^S: else the mark could not be written behind it. */
const startOutput = Buffer.from([0x11])

export function openPty(launch: PtyLaunch): Pty {
  let ended: PtyExit | undefined
  const { file, args, env, cwd, cols, rows } = launch
  const onExit = (code: number, signal: number): void => finish(exitOf(code, signal))
  const forked = forkPty({ file, args, env, cwd, cols, rows, onExit })
  const slave = openSync(forked.pty, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  const reader = new ReadStream(forked.fd)
  const writer = new PtyWriter(forked.fd)
  const mark = newEndMark()
  const finder = new MarkFinder(mark)
  let closed = false

  reader.on('data', (chunk: Buffer) => {
    const bytes = ended ? finder.push(chunk) : chunk
    if (bytes.length > 0) launch.onOutput(bytes)
    if (finder.found) close()
  })
  reader.on('error', close)

  function finish(exit: PtyExit): void {
    ended = exit
    reader.resume()
    writeMark(mark, 0)
  }

  /** The slave refuses bytes while the reader is behind, or while output is stopped by a person. */
  function writeMark(rest: Buffer, tries: number): void {
    if (closed) return
    const left = rest.subarray(writeSome(slave, rest))
    if (left.length === 0) return
    if (tries >= markTries) return close()
    if (tries === markTries / 2) writeSome(forked.fd, startOutput)
    setTimeout(() => writeMark(left, tries + 1), markRetryMs)
  }

  function close(): void {
    if (closed) return
    closed = true
    const rest = finder.rest()
    if (rest.length > 0 && !finder.found) launch.onOutput(rest)
    writer.close()
    reader.destroy()
    closeSync(slave)
    launch.onExit(ended ?? { code: null, signal: null })
  }

  return {
    pid: forked.pid,
    write: (bytes) => writer.write(bytes),
    resize: (size) => {
      if (!ended) resizePty(forked.fd, size)
    },
    pause: (paused) => {
      if (paused && !ended) reader.pause()
      else reader.resume()
    },
    hasEnded: () => ended !== undefined,
  }
}

function exitOf(code: number, signal: number): PtyExit {
  if (signal === 0) return { code, signal: null }
  const name = Object.entries(os.signals).find(([, number]) => number === signal)?.[0]
  return { code: null, signal: name ?? `signal ${signal}` }
}
