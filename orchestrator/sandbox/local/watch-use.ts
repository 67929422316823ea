// Looks again and again at what boxes and runners use, and has each kept within its bounds. What is done about it is beside (watch-memory, watch-disk).
import { stat, statfs, truncate } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Limits } from './cage.ts'
import type { Places } from './places.ts'
import { membersOf } from './use.ts'
import { BoxDisk } from './watch-disk.ts'
import { boundMemory, boundRunner } from './watch-memory.ts'

/** Looks at memory and writing this often, in milliseconds; at the disk as seldom as that, unless much was written. */
export const usualPace = { lookMs: 1_000, diskMs: 30_000 }

/** Bytes of a box's log above which it is emptied; a box that is well writes a few lines. */
const mostLogBytes = 16 * 1024 * 1024
/** Bytes of a block as stat(2) counts them. */
const blockBytes = 512

/** `box` and `runner`: their outermost processes; null for a runner that is not there. */
export type Watched = { repl: string; box: number; runner: number | null; at: Places }
export type WatchParts = {
  limits: Limits
  /** False where the kernel's groups bound that of boxes. */
  memory: boolean
  sessions: () => Promise<Watched[]>
  log: Logger
  pace?: typeof usualPace
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
  readonly #disks = new Map<string, { box: number; disk: BoxDisk }>()

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  async look(): Promise<void> {
    const { limits, log, memory } = this.#parts
    const sessions = await this.#parts.sessions()
    const running = new Set(sessions.map(({ repl }) => repl))
    for (const repl of this.#disks.keys()) if (!running.has(repl)) this.#disks.delete(repl)
    if (sessions.length === 0) return
    const members = await membersOf(
      sessions.flatMap(({ box, runner }) => (runner === null ? [box] : [box, runner])),
    )
    for (const session of sessions) {
      const { repl, runner } = session
      const box = members.get(session.box) ?? []
      if (memory) await boundMemory({ repl, limit: limits.memoryBytes, log }, box)
      if (runner !== null)
        await boundRunner({ repl, limit: limits.runnerBytes, log }, members.get(runner) ?? [])
      await boundLog(session, log)
      await this.#diskOf(session).look(box, await freeAt(session.at.sandbox))
    }
  }

  /** A box that was started again is looked at anew. */
  #diskOf({ repl, box, at }: Watched): BoxDisk {
    const known = this.#disks.get(repl)
    if (known?.box === box) return known.disk
    const { limits, log, pace = usualPace } = this.#parts
    const disk = new BoxDisk({ repl, box, at, limit: limits.diskBytes, everyMs: pace.diskMs, log })
    this.#disks.set(repl, { box, disk })
    return disk
  }
}

/** A person's program can take the box's output from it: what it writes there is nobody's loss, but takes our disk. */
async function boundLog({ repl, at }: Watched, log: Logger): Promise<void> {
  const { size, blocks } = await stat(at.boxLog).catch(() => ({ size: 0, blocks: 0 }))
  const bytes = Math.max(size, blocks * blockBytes)
  if (bytes <= mostLogBytes) return
  log.warn({ repl, bytes }, 'the log of a box was emptied: something floods it')
  await truncate(at.boxLog)
}

/** Bytes; more than any disk has where that cannot be told, so that nothing seems lost. */
async function freeAt(folder: string): Promise<number> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Infinity,
  )
}
