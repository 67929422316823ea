// The one append-only log of a repl: one write per event-loop turn (`logged`), one fdatasync soon after (`saved`).
// Knows documents by id only; what updates mean is document.ts, bytes are records.ts.
import { join } from 'node:path'
import type { Logger } from 'pino'
import { AppError } from '../../protocol/errors.ts'
import { privateFolder } from '../disk.ts'
import type { Appendable, Disk } from '../durable.ts'
import { Backlog } from './backlog.ts'
import type { Clock } from './clock.ts'
import { compact } from './compaction.ts'
import {
  encodeRecord,
  encodeSegmentHead,
  segmentHeadBytes,
  type LogRecord,
  type RecordKind,
} from './records.ts'
import { refusalOf } from './refusal.ts'
import type { Reserve } from './reserve.ts'
import { listSegments, scanSegments, segmentName } from './segments.ts'

/** Milliseconds from the first unsaved write to its fdatasync: at most 20 a second, and never in the echo's way. */
const saveAfterMs = 50
/** Bytes after which a new segment begins, so that one object of it is quickly shipped and quickly read. */
const mostSegmentBytes = 16 * 1024 * 1024
/** Milliseconds between attempts to go on after the disk refused. */
const healAfterMs = 1000

export type Entry = { kind: RecordKind; doc: string; author: string; payload: Uint8Array }
type Written = { doc: string; kind: number; seq: number; bytes: Uint8Array }
type Options = {
  folder: string
  generation: number
  clock: Clock
  logger: Logger
  /** Records before this sequence number are in snapshots. */
  from: number
  found: (record: LogRecord) => void
  disk: Disk
  segmentBytes?: number | undefined
  /** Space for what is in flight when the disk is full. */
  reserve?: Reserve
}
export type LogListener = {
  /** Everything up to `seq` was handed to the kernel. */
  logged?: (seq: number) => void
  /** Everything up to `seq` survives a loss of power. */
  saved?: (seq: number) => void
  /** The disk refuses (`why` for people), or takes again (null). */
  trouble?: (why: string | null) => void
  /** A segment is full and a new one was begun. */
  begun?: () => void
}

export class Log {
  readonly #options: Options
  readonly #backlog: Backlog
  readonly #listeners = new Set<LogListener>()
  #seq = 0
  #logged = 0
  #saved = 0
  #n = 0
  #segment: { name: string; file: Appendable; bytes: number } | null = null
  /** Full segments whose last bytes are not yet on the disk. */
  #retired: Appendable[] = []
  #waiting: Written[] = []
  /** Handed to the kernel but not yet on the disk: written once more elsewhere when the disk fails. */
  #unsaved: Written[] = []
  #turn: NodeJS.Immediate | null = null
  #timer: (() => void) | null = null
  #healing: (() => void) | null = null
  #abandoned: Promise<void> = Promise.resolve()
  #syncing: Promise<void> | null = null
  #folderDirty = false
  /** Why nothing can be written at the moment. */
  #trouble: AppError | null = null
  /** What people were last told; may outlast the trouble, until the reserve is ours again. */
  #told: string | null = null
  #damage: string | null = null
  #closed = false

  /** Reads what is there, cuts a torn tail, and goes on in a new segment. */
  static async open(options: Options): Promise<Log> {
    await privateFolder(options.folder)
    const log = new Log(options)
    const { last, damage } = await scanSegments(options.folder, {
      from: options.from,
      logger: options.logger,
      disk: options.disk,
      found: ({ record, position }) => {
        log.#backlog.add(record, position)
        options.found(record)
      },
    })
    log.#damage = damage
    log.#seq = log.#logged = log.#saved = Math.max(last, options.from - 1)
    const ours = (await listSegments(options.folder)).filter((s) => s.generation === options.generation)
    log.#n = ours.reduce((next, segment) => Math.max(next, segment.n + 1), 0)
    if (options.reserve && !(await options.reserve.hold())) log.#short()
    return log
  }

  private constructor(options: Options) {
    this.#options = options
    this.#backlog = new Backlog(options.folder)
  }

  /** Number of the last record that was given. */
  get seq(): number {
    return this.#seq
  }

  /** Everything up to here was handed to the kernel. */
  get logged(): number {
    return this.#logged
  }

  /** Everything up to here survives a loss of power. */
  get saved(): number {
    return this.#saved
  }

  /** Damage found at the start, in words for an operator. */
  get damage(): string | null {
    return this.#damage
  }

  /** Why people's edits are held, in words; null when they are not. */
  get trouble(): string | null {
    return this.#told
  }

  /** Of a trouble that began before, `trouble` is told at once. */
  listen(listener: LogListener): () => void {
    this.#listeners.add(listener)
    if (this.#told !== null) listener.trouble?.(this.#told)
    return () => this.#listeners.delete(listener)
  }

  /** Takes a record; it is handed to the kernel at the end of this event-loop turn, or by `flush`. */
  append(entry: Entry): number {
    const seq = (this.#seq += 1)
    const bytes = encodeRecord({ ...entry, seq, time: this.#options.clock.now() })
    this.#waiting.push({ doc: entry.doc, kind: entry.kind, seq, bytes })
    this.#turn ??= setImmediate(() => this.flush())
    return seq
  }

  /** Hands everything to the kernel now. */
  flush(): void {
    if (this.#turn) clearImmediate(this.#turn)
    this.#turn = null
    if (this.#waiting.length === 0 || this.#trouble || this.#closed) return
    try {
      this.#write()
    } catch (fault) {
      this.#fail(fault, { isTorn: true })
      return
    }
    this.#timer ??= this.#options.clock.after(saveAfterMs, () => void this.sync().catch(() => undefined))
    this.#tell((listener) => listener.logged?.(this.#logged))
  }

  /** Resolves when every record given so far is on the disk. */
  async sync(): Promise<void> {
    const target = this.#seq
    while (this.#saved < target) {
      this.flush()
      if (this.#closed) throw new AppError('unavailable', { say: 'The session has ended.' })
      if (this.#trouble) throw this.#trouble
      await (this.#syncing ??= this.#syncOnce().finally(() => {
        this.#syncing = null
      }))
    }
  }

  /** The records of `doc` after sequence number `after`, read back from the segments. */
  recordsOf(doc: string, after: number): LogRecord[] {
    this.flush()
    return this.#backlog.read(doc, after)
  }

  /** How many records of `doc` a start would have to read, and their bytes. */
  backlog(doc: string): { records: number; bytes: number } {
    return this.#backlog.size(doc)
  }

  /** Records of `doc` up to `seq` are in a snapshot. */
  forget(doc: string, seq: number): void {
    this.#backlog.forget(doc, seq)
  }

  /** First record that no snapshot holds yet. */
  get floor(): number {
    return this.#backlog.first ?? this.#seq + 1
  }

  /** Documents of which the log holds records that no snapshot has. */
  get unsnapshotted(): string[] {
    return this.#backlog.docs
  }

  /** Removes the segments that neither a start (from record `floor` on) nor the store needs. */
  async compact(floor: number): Promise<void> {
    const { folder, disk, logger } = this.#options
    const removed = await compact({ folder, disk, floor })
    if (removed.length > 0) logger.info({ removed, floor }, 'the log was compacted')
  }

  /** Everything to the disk, then no more. */
  async close(): Promise<void> {
    await this.sync().catch((fault) =>
      this.#options.logger.error({ err: fault }, 'the log could not be saved'),
    )
    this.#closed = true
    this.#timer?.()
    this.#healing?.()
    this.#segment?.file.close()
    this.#segment = null
  }

  #write(): void {
    const batch = this.#waiting
    const segment = this.#room()
    segment.file.append(batch.map(({ bytes }) => bytes))
    this.#waiting = []
    for (const written of batch) {
      const { seq, bytes } = written
      this.#backlog.add(written, { segment: segment.name, at: segment.bytes, bytes: bytes.length, seq })
      segment.bytes += bytes.length
      this.#unsaved.push(written)
      this.#logged = seq
    }
  }

  /** The segment to write to, a new one when there is none or it is full. */
  #room(): { name: string; file: Appendable; bytes: number } {
    if (this.#segment && this.#segment.bytes < (this.#options.segmentBytes ?? mostSegmentBytes))
      return this.#segment
    const name = segmentName(this.#options.generation, this.#n)
    this.#n += 1
    const file = this.#options.disk.create(
      join(this.#options.folder, name),
      encodeSegmentHead(this.#waiting[0]?.seq ?? this.#seq),
    )
    if (this.#segment) {
      this.#retired.push(this.#segment.file)
      setImmediate(() => this.#tell((listener) => listener.begun?.()))
    }
    this.#folderDirty = true
    this.#segment = { name, file, bytes: segmentHeadBytes }
    return this.#segment
  }

  async #syncOnce(): Promise<void> {
    this.#timer?.()
    this.#timer = null
    const upTo = this.#logged
    const retired = this.#retired.splice(0)
    const files = [...retired, ...(this.#segment ? [this.#segment.file] : [])]
    const folder = this.#folderDirty ? [this.#options.disk.syncFolder(this.#options.folder)] : []
    this.#folderDirty = false
    try {
      await Promise.all([...folder, ...files.map((file) => file.sync())])
    } catch (fault) {
      this.#fail(fault, { isTorn: false })
      throw refusalOf(fault)
    } finally {
      for (const file of retired) file.close()
    }
    this.#saved = upTo
    this.#unsaved = this.#unsaved.filter(({ seq }) => seq > upTo)
    this.#tell((listener) => listener.saved?.(upTo))
  }

  /** After a refusal the same file is never used again: what is not safe goes into a new segment, as soon as one can be had. */
  #fail(fault: unknown, { isTorn }: { isTorn: boolean }): void {
    if (this.#trouble) return
    this.#options.logger.error({ err: fault }, 'the disk refuses the log')
    this.#trouble = refusalOf(fault)
    this.#abandoned = this.#abandon(isTorn)
    this.#waiting = [...this.#unsaved.splice(0), ...this.#waiting]
    this.#backlog.dropFrom(this.#waiting[0]?.seq ?? Infinity)
    this.#say(this.#trouble.say)
    const isRoomier = this.#trouble.code === 'disk-full' && this.#options.reserve?.release() === true
    this.#healAfter(isRoomier ? 0 : healAfterMs)
  }

  /** The disk takes what we write, but no more than that: edits are held until the reserve is whole. */
  #short(): void {
    this.#say(refusalOf(Object.assign(new Error('no room for the reserve'), { code: 'ENOSPC' })).say)
    this.#healAfter(healAfterMs)
  }

  #say(why: string | null): void {
    if (this.#told === why) return
    this.#told = why
    this.#tell((listener) => listener.trouble?.(why))
  }

  /**
   * An fdatasync may still run on the file: it is closed after that. What a refused write left of records that nobody was
   * told of is taken away, or each attempt to go on would eat the room that somebody makes.
   */
  async #abandon(isTorn: boolean): Promise<void> {
    const segment = this.#segment
    this.#segment = null
    if (!segment) return
    await Promise.resolve(this.#syncing).catch(() => undefined)
    segment.file.close()
    if (!isTorn) return
    const { folder, disk } = this.#options
    const path = join(folder, segment.name)
    if (segment.bytes === segmentHeadBytes) disk.remove(path)
    else await disk.truncate(path, segment.bytes).catch(() => undefined)
  }

  #healAfter(ms: number): void {
    this.#healing?.()
    this.#healing = this.#options.clock.after(ms, () => void this.#heal())
  }

  async #heal(): Promise<void> {
    await this.#abandoned
    if (this.#closed) return
    this.#trouble = null
    await this.sync().catch(() => undefined)
    if (this.#trouble || this.#closed) return
    const isWhole = (await this.#options.reserve?.hold()) ?? true
    if (this.#trouble || this.#closed) return
    if (isWhole) this.#say(null)
    else this.#short()
  }

  #tell(call: (listener: LogListener) => void): void {
    for (const listener of this.#listeners) call(listener)
  }
}
