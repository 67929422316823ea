// Looks again and again at what boxes use, and has each kept within its bounds. What is done about it is beside (watch-memory, watch-disk).
import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Limits } from './cage.ts'
import type { Places } from './places.ts'
import { membersOf } from './use.ts'
import { BoxDisk } from './watch-disk.ts'
import { boundMemory } from './watch-memory.ts'

/** Looks at memory and writing this often, in milliseconds; at the disk as seldom as that, unless much was written. */
export const usualPace = { lookMs: 1_000, diskMs: 30_000 }

/** `box`: its outermost process. */
export type Watched = { repl: string; box: number; at: Places }
export type WatchParts = {
  limits: Limits
  /** False where the kernel's groups bound it. */
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
    const members = await membersOf(sessions.map(({ box }) => box))
    for (const session of sessions) {
      const box = members.get(session.box) ?? []
      if (memory) await boundMemory({ repl: session.repl, limit: limits.memoryBytes, log }, box)
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

/** Bytes; more than any disk has where that cannot be told, so that nothing seems lost. */
async function freeAt(folder: string): Promise<number> {
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Infinity,
  )
}
