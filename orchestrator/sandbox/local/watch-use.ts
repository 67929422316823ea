// Keeps boxes within their bounds where the kernel does not: ends what takes too much memory, stops what fills the disk, and says so.
import { open, readdir } from 'node:fs/promises'
import { constants } from 'node:fs'
import type { Logger } from 'pino'
import type { Limits } from './cage.ts'
import type { Places } from './places.ts'
import { diskOf, isInside, isOurs, membersOf, residentOf, shareOf, total, writtenBy } from './use.ts'

/** Looks at memory and writing this often, in milliseconds; at the disk as seldom as that, unless much was written. */
export const usualPace = { lookMs: 1_000, diskMs: 30_000 }
/** Shares of the disk at which people are told, at which writers are stopped, at which they are ended, and below which they go on. */
const share = { told: 0.8, stopped: 0.95, ended: 1.5, goesOn: 0.9 }
/** Bytes between two looks that make a writer: less than that is somebody saving a file. */
const writerBytes = 256 * 1024

export type Watched = { repl: string; box: number; at: Places }
export type WatchParts = {
  limits: Limits
  /** False where the kernel's groups bound it. */
  memory: boolean
  sessions: () => Promise<Watched[]>
  log: Logger
  pace?: typeof usualPace
}

type Known = {
  written: Map<number, number>
  /** Bytes written in all, when the disk was looked at last, and what it held. */
  at: { written: number; bytes: number; time: number }
  isTold: boolean
  isFull: boolean
  stopped: Set<number>
}

export function watchUse(parts: WatchParts): { close(): void } {
  const watch = new UseWatch(parts)
  const { lookMs } = parts.pace ?? usualPace
  let isLooking = false
  const timer = setInterval(() => {
    if (isLooking) return
    isLooking = true
    watch
      .look()
      .catch((fault: unknown) =>
        parts.log.warn({ err: fault }, 'the use of sandboxes could not be looked at'),
      )
      .finally(() => (isLooking = false))
  }, lookMs).unref()
  return { close: () => clearInterval(timer) }
}

class UseWatch {
  readonly #parts: WatchParts
  readonly #known = new Map<string, Known>()

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  async look(): Promise<void> {
    const sessions = await this.#parts.sessions()
    const running = new Set(sessions.map(({ repl }) => repl))
    for (const repl of this.#known.keys()) if (!running.has(repl)) this.#known.delete(repl)
    if (sessions.length === 0) return
    const members = await membersOf(sessions.map(({ box }) => box))
    for (const session of sessions) {
      const pids = members.get(session.box) ?? []
      if (this.#parts.memory) await this.#boundMemory(session, pids)
      await this.#boundDisk(session, pids)
    }
  }

  /** The cheap figure first: it is never less than the true one. */
  async #boundMemory({ repl }: Watched, pids: number[]): Promise<void> {
    const { limits, log } = this.#parts
    if ((await total(pids, residentOf)) <= limits.memoryBytes) return
    const shares = await Promise.all(pids.map(async (pid) => ({ pid, bytes: await shareOf(pid) })))
    if (shares.reduce((sum, { bytes }) => sum + bytes, 0) <= limits.memoryBytes) return
    for (const { pid, bytes } of shares.sort((a, b) => b.bytes - a.bytes)) {
      if (await isOurs(pid)) continue
      log.warn({ repl, pid, bytes, limit: limits.memoryBytes }, 'a program took more memory than its box has')
      return signal(pid, 'SIGKILL')
    }
  }

  async #boundDisk(session: Watched, pids: number[]): Promise<void> {
    const { limits, pace = usualPace } = this.#parts
    const known = this.#knownOf(session.repl)
    const writers = await this.#writers(known, pids)
    const written = [...known.written.values()].reduce((sum, bytes) => sum + bytes, 0)
    const left = limits.diskBytes - known.at.bytes
    const isDue = Date.now() - known.at.time >= pace.diskMs
    // Half of what was left may be gone: that is soon enough to stop the rest.
    if (!isDue && written - known.at.written < left / 2 && known.stopped.size === 0) return
    const bytes = await diskOf(session.at)
    if (bytes === null) return
    known.at = { written, bytes, time: Date.now() }
    await this.#judge(session, known, { bytes, writers, box: pids })
  }

  async #judge(session: Watched, known: Known, now: { bytes: number; writers: number[]; box: number[] }) {
    const part = now.bytes / this.#parts.limits.diskBytes
    if (part >= share.stopped) await this.#stop(session, known, now)
    else if (part >= share.told && !known.isTold)
      await this.#tell(session, now, `The disk of this REPL is ${Math.floor(part * 100)} % full.`)
    known.isTold = part >= share.told
    known.isFull &&= part >= share.goesOn
    if (part >= share.goesOn || known.stopped.size === 0) return
    for (const pid of known.stopped) signal(pid, 'SIGCONT')
    known.stopped.clear()
    await this.#tell(session, now, 'There is room on the disk of this REPL again: stopped programs go on.')
  }

  async #stop(session: Watched, known: Known, now: { bytes: number; writers: number[]; box: number[] }) {
    const part = Math.floor((now.bytes / this.#parts.limits.diskBytes) * 100)
    const fresh = now.writers.filter((pid) => !known.stopped.has(pid))
    // Whoever lets them go on by himself, again and again, loses them.
    const again = part >= share.ended * 100 ? 'SIGKILL' : 'SIGSTOP'
    for (const pid of now.writers) signal(pid, known.stopped.has(pid) ? again : 'SIGSTOP')
    for (const pid of fresh) known.stopped.add(pid)
    if (fresh.length === 0 && known.isFull) return
    known.isFull = true
    const what =
      fresh.length === 0 ? '' : ': programs that write to it are stopped, and go on when there is room'
    await this.#tell(session, now, `The disk of this REPL is ${part} % full${what}. Remove files.`)
  }

  /** A person's programs that wrote much since the last look. */
  async #writers(known: Known, pids: number[]): Promise<number[]> {
    const before = known.written
    known.written = new Map()
    const writers = []
    for (const pid of pids) {
      const bytes = await writtenBy(pid)
      known.written.set(pid, bytes)
      if (bytes - (before.get(pid) ?? 0) >= writerBytes && !(await isOurs(pid))) writers.push(pid)
    }
    return writers
  }

  #knownOf(repl: string): Known {
    const fresh = {
      written: new Map(),
      at: { written: 0, bytes: 0, time: 0 },
      isTold: false,
      isFull: false,
      stopped: new Set<number>(),
    }
    const known = this.#known.get(repl) ?? fresh
    this.#known.set(repl, known)
    return known
  }

  async #tell(
    { repl }: Watched,
    { box, bytes }: { box: number[]; bytes: number },
    say: string,
  ): Promise<void> {
    this.#parts.log.warn({ repl, bytes, limit: this.#parts.limits.diskBytes }, say)
    await writeOnTerminals(box, say)
  }
}

/** On every terminal of the box, where the people are who can do something. Any process that is still inside shows the way. */
async function writeOnTerminals(box: number[], say: string): Promise<void> {
  for (const pid of box) {
    // The box itself stands before all programs in the list, and stays.
    const folder = `/proc/${pid}/root/dev/pts`
    if ((await isInside(pid)) && (await writeBelow(folder, say)) > 0) return
  }
}

/** How many terminals were told. */
async function writeBelow(folder: string, say: string): Promise<number> {
  let told = 0
  for (const name of await readdir(folder).catch(() => [])) {
    if (!/^\d+$/.test(name)) continue
    const flags = constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK | constants.O_NOFOLLOW
    const terminal = await open(`${folder}/${name}`, flags).catch(() => null)
    if (terminal === null) continue
    await terminal.write(`\r\n${say}\r\n`).then(
      () => (told += 1),
      () => undefined,
    )
    await terminal.close()
  }
  return told
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already.
  }
}
