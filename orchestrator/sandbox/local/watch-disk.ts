// Keeps one box within its disk, which no kernel does here: looks, tells people, stops writers, ends programs, lets them go on.
import { rm, writeFile } from 'node:fs/promises'
import type { Logger } from 'pino'
import { endPrograms } from './end-programs.ts'
import { keyOf, type Member, signalMember } from './members.ts'
import { writeOnTerminals } from './notices.ts'
import type { Places } from './places.ts'
import { heldRemoved, type Removed } from './removed.ts'
import { diskOf, foldersOf } from './use.ts'
import { Written } from './written.ts'

/** Shares of the disk at which people are told, at which writers are stopped, at which all programs are ended, and below which they go on. */
const share = { told: 0.8, stopped: 0.95, ended: 1.5, goesOn: 0.9 }
/** Of the disk's bound: programs are ended only when so much was added since they were stopped or ended; whoever removes files may. */
const endedAgain = 0.05
/** Bytes that the machine's disk may lose to anybody before this box's is looked at again. */
const lostBytes = 64 * 1024 * 1024
/** A look that takes longer than this, in milliseconds, is not waited for: what was written meanwhile counts in full. */
const patienceMs = 3_000
/** So many looks in a row that came to no end in time, and the disk is taken for full: slow looks must not be a way around the bound. */
const mostLate = 3
const lateSaid = 'cannot be looked at in time (too many files, or too many held open), and is taken for full'

export type DiskParts = {
  repl: string
  /** The box's outermost process. */
  box: number
  at: Places
  limit: number
  /** At the latest so many milliseconds after one look at the disk comes the next. */
  everyMs: number
  log: Logger
  /** How the disk is looked at; for tests of one that is slow. */
  measure?: (members: Member[]) => Promise<Measured | null>
}

/** `bytes`: all that is held on the disk, `removed` of it by files without a name; null when those could not be told in time. */
export type Measured = { bytes: number; removed: Removed | null }

export class BoxDisk {
  readonly #parts: DiskParts
  readonly #written = new Written()
  readonly #stopped = new Map<string, Member>()
  #members: Member[] = []
  /** What the last good look found, and what was written and free at its beginning. */
  #seen = { bytes: 0, written: 0, free: 0, time: 0 }
  #since: number | null = null
  #isTold = false
  #isFull = false
  #isMarked: boolean | null = null
  /** Null until a look that began when writers had been stopped: what they wrote before that is no reason to end anybody. */
  #endAbove: number | null = null
  #heldBy: string | null = null
  /** Looks in a row that came to no end in time. */
  #late = 0

  constructor(parts: DiskParts) {
    this.#parts = parts
  }

  /** `free`: bytes that the machine's disk has left. A look at the folders goes on by itself: one that is slow holds up nobody. */
  async look(members: Member[], free: number): Promise<void> {
    this.#members = members
    await this.#written.look(members)
    if (this.#since !== null) {
      if (Date.now() - this.#since >= patienceMs) await this.#guess(false)
    } else if (this.#isDue(free)) {
      this.#since = Date.now()
      void this.#measure({ written: this.#written.total, free, time: Date.now() })
        .catch((fault: unknown) =>
          this.#parts.log.warn({ err: fault }, 'the disk of a box could not be watched'),
        )
        .finally(() => (this.#since = null))
    }
  }

  #isDue(free: number): boolean {
    const { limit, everyMs } = this.#parts
    const { time, written, bytes } = this.#seen
    if (time === 0 || this.#stopped.size > 0 || Date.now() - time >= everyMs) return true
    // Half of what was left may be gone: that is soon enough to stop the rest.
    const half = (limit - bytes) / 2
    return this.#written.total - written >= half || this.#seen.free - free >= Math.max(half, lostBytes)
  }

  async #measure(at: { written: number; free: number; time: number }): Promise<void> {
    const { measure = (members: Member[]) => measured(this.#parts.at, members) } = this.#parts
    const found = await measure(this.#members)
    if (found === null || found.removed === null) return this.#takeLate(found?.bytes ?? 0)
    this.#late = 0
    this.#seen = { ...at, bytes: found.bytes }
    await this.#judge(found.bytes, found.removed)
  }

  /** `least`: bytes that are surely held. */
  async #takeLate(least: number): Promise<void> {
    this.#late++
    const { limit } = this.#parts
    if (least < limit * share.stopped) await this.#guess(true)
    else await this.#judge(least, null, true)
    if (this.#late < mostLate) return
    await this.#mark(true)
    await this.#stop(least, null, lateSaid)
  }

  /** All that was written since the last good look has become more. */
  async #guess(isLate: boolean): Promise<void> {
    const { repl, limit, log } = this.#parts
    const bytes = this.#seen.bytes + this.#written.total - this.#seen.written
    if (isLate)
      log.warn(
        { repl, bytes, limit },
        'the disk of a box could not be looked at in time: what was written counts',
      )
    if (bytes >= limit * share.stopped) await this.#judge(bytes, null)
  }

  /** Upon what is only guessed nobody is ended; `removed`: null also for what is surely held, and may not be all. */
  async #judge(bytes: number, removed: Removed | null, isSure = removed !== null): Promise<void> {
    const { limit } = this.#parts
    const part = bytes / limit
    if (isSure) await this.#mark(part >= share.stopped || (this.#isMarked === true && part >= share.goesOn))
    if (isSure && this.#mustEnd(bytes)) await this.#end(bytes)
    else if (part >= share.stopped) await this.#stop(bytes, removed)
    else if (part >= share.told && !this.#isTold)
      await this.#tell(bytes, `The disk of this REPL is ${percent(part)} full.`)
    this.#isTold = part >= share.told
    if (part < share.goesOn) await this.#goOn(bytes)
  }

  /** Stopping must have been tried, and have been of no use. */
  #mustEnd(bytes: number): boolean {
    if (!this.#isFull) return false
    const { limit } = this.#parts
    this.#endAbove ??= Math.max(limit * share.ended, bytes + limit * endedAgain)
    return bytes >= this.#endAbove
  }

  async #goOn(bytes: number): Promise<void> {
    if (!this.#isFull) return
    this.#isFull = false
    this.#heldBy = null
    this.#endAbove = null
    const went = [...this.#stopped.values()].filter((member) => signalMember(member, 'SIGCONT'))
    this.#stopped.clear()
    const more = went.length === 0 ? '.' : ': stopped programs go on.'
    await this.#tell(bytes, `There is room on the disk of this REPL again${more}`)
  }

  /** `how`: what is said of the disk. */
  async #stop(bytes: number, removed: Removed | null, how = this.#fullness(bytes)): Promise<void> {
    let isFresh = false
    for (const member of this.#written.writers) {
      // Whoever lets them go on by himself sees them stopped again.
      if (!signalMember(member, 'SIGSTOP')) continue
      isFresh ||= !this.#stopped.has(keyOf(member))
      this.#stopped.set(keyOf(member), member)
    }
    if (isFresh || !this.#isFull) {
      const what = isFresh ? ': programs that write to it are stopped, and go on when there is room' : ''
      await this.#tell(bytes, `The disk of this REPL ${how}${what}. Remove files.`)
    }
    this.#isFull = true
    if (removed !== null) await this.#tellHolder(bytes, removed)
  }

  #fullness(bytes: number): string {
    return `is ${percent(bytes / this.#parts.limit)} full`
  }

  /** People who removed files are told why that was not enough. */
  async #tellHolder(bytes: number, { bytes: held, most }: Removed): Promise<void> {
    const { limit } = this.#parts
    if (most === null || bytes - held >= limit * share.goesOn) return
    const holder = `${most.name} (process ${most.pid})`
    if (this.#heldBy === holder) return
    this.#heldBy = holder
    await this.#tell(
      bytes,
      `The removed files still take their room: ${holder} holds them open. End it: kill -9 ${most.pid}`,
    )
  }

  /** Many who write little each, or one who is let go on again and again: there is nobody to single out any more. */
  async #end(bytes: number): Promise<void> {
    const { repl, box, limit, log } = this.#parts
    const say = `The disk of this REPL is ${percent(bytes / limit)} full: all its programs were ended. Remove files.`
    this.#endAbove = bytes + limit * endedAgain
    this.#stopped.clear()
    const programs = await endPrograms(box, () => this.#tell(bytes, say))
    log.warn({ repl, programs }, 'the programs of a box that filled its disk were ended')
  }

  /** The runner, which writes for people by another way, sees it beside its socket. */
  async #mark(isFull: boolean): Promise<void> {
    const { diskFull } = this.#parts.at
    if (this.#isMarked === isFull) return
    if (isFull) await writeFile(diskFull, '')
    else await rm(diskFull, { force: true })
    this.#isMarked = isFull
  }

  async #tell(bytes: number, say: string): Promise<void> {
    const { repl, limit, log } = this.#parts
    log.warn({ repl, bytes, limit }, say)
    await writeOnTerminals(this.#members, say)
  }
}

async function measured(at: Places, members: Member[]): Promise<Measured | null> {
  const folders = foldersOf(at)
  const named = await diskOf(folders)
  if (named === null) return null
  // In this order: a file that loses its name in between counts twice for once, and never not at all.
  const removed = await heldRemoved(members, folders)
  return { bytes: named + (removed?.bytes ?? 0), removed }
}

const percent = (part: number): string => `${Math.floor(part * 100)} %`
