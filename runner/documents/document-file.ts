// One open document and its file over time: written soon after edits, looked at when something touched it, awaited when
// it vanishes, put into a snapshot when its log is long. How bytes are merged and written is in workspace/.
import type { Logger } from 'pino'
import { AppError, asAppError } from '../../protocol/errors.ts'
import type { Disk } from '../durable.ts'
import { ingest, type FileDeps } from '../workspace/ingest.ts'
import { takeLeftovers } from '../workspace/leftover.ts'
import { materialise } from '../workspace/materialise.ts'
import type { LiveDocument } from './document.ts'
import { gitDone } from './git-pause.ts'
import { writeSnapshot } from './snapshot.ts'
import { Soon } from './timing.ts'

/** Milliseconds that a removed file is awaited: tools replace files by removing and creating them. */
const goneMs = 2000
/** Milliseconds until a file that could not be written is tried again. */
const retryMs = 1000
/** Milliseconds between two looks at the files that ours took the place of. */
const oldFilesMs = 200
/** A snapshot is taken at this many records, or this many times its size in the log (but not below `smallLog` bytes). */
const snapshotRecords = 500
const snapshotRatio = 4
const smallLog = 64 * 1024
/** A state above this many times its text, and this many bytes more, is bloat: deletions that nobody will undo any more. */
const bloat = { ratio: 4, slack: 256 * 1024 }

export type DocumentFileDeps = FileDeps & { disk: Disk; snapshots: string; logger: Logger }
export type DocumentFileEvents = {
  gone(): void
  /** A document that was gone has its file again. */
  back(): void
  /** The file could not be written, or (null) could. */
  written(failed: AppError | null): void
}

export class DocumentFile {
  readonly document: LiveDocument
  readonly #deps: DocumentFileDeps
  readonly #events: DocumentFileEvents
  readonly #soon: Soon
  #awaited: (() => void) | null = null
  #oldFiles: (() => void) | null = null
  #snapshotBytes = 0

  constructor(document: LiveDocument, deps: DocumentFileDeps, events: DocumentFileEvents) {
    this.document = document
    this.#deps = deps
    this.#events = events
    this.#soon = new Soon(deps.clock, () => void this.#due())
  }

  /** Nobody waits for the file: git may finish first. */
  async #due(): Promise<void> {
    await gitDone(this.#deps)
    await this.write()
  }

  /** Somebody edited: the file follows soon. */
  edited(): void {
    this.#soon.touch()
  }

  /** The file has another path now, or none. */
  moved(path: string | null): void {
    this.#callOff()
    this.document.path = path ?? ''
    if (path === null) this.#lose()
    else this.#soon.at(0)
  }

  /** Takes in what a tool wrote. */
  async look(): Promise<void> {
    await this.#inLane('looked at', async () => {
      takeLeftovers(this.document, this.#deps)
      this.#judge(await ingest(this.document, this.#deps))
      if (this.document.dirty) this.#soon.touch()
    })
  }

  /** Writes what people wrote. Answers why the file does not hold it, when it does not. */
  async write(): Promise<AppError | null> {
    const failed = await this.#inLane('written', () => this.#write())
    this.#events.written(failed)
    if (this.#isLong()) await this.#inLane('put into a snapshot', () => this.#snapshot())
    return failed
  }

  async #write(): Promise<void> {
    const { document } = this
    if (document.gone || !document.dirty) return
    const file = await materialise(document, this.#deps)
    if (file === 'busy')
      throw new AppError('conflict', { say: `A program writes ${document.path} without a pause.` })
    this.#judge(file)
    if (document.dirty && !document.gone) this.#soon.touch()
    this.#watchOldFiles()
  }

  /** Looks after the files that ours took the place of, as long as there are any. */
  #watchOldFiles(): void {
    if (this.#oldFiles || this.document.replaced.isEmpty) return
    this.#oldFiles = this.#deps.clock.after(oldFilesMs, () => {
      this.#oldFiles = null
      void this.#inLane('looked after', async () => void takeLeftovers(this.document, this.#deps))
      this.#watchOldFiles()
    })
  }

  /** Both, and a snapshot of what the log has of it. */
  async putAway(): Promise<void> {
    await this.look()
    await this.write()
    await this.#inLane('put away', () => this.#snapshotIfNeeded())
  }

  /** Puts it away; then, if nothing came in between, `leave` decides in the same turn whether it leaves memory. */
  async retire(leave: () => boolean): Promise<boolean> {
    await this.putAway()
    const { document } = this
    // Whoever writes into an old file would write for nobody.
    if (document.replaced.isWritten) return false
    const isSafe = this.#deps.log.backlog(document.id).records === 0 && (document.gone || !document.dirty)
    if (!isSafe || !document.lane.idle || !leave()) return false
    this.stop()
    document.destroy()
    return true
  }

  /** True when the document's history is many times its text: worth a new one while nobody holds the old one. */
  get isBloated(): boolean {
    const { document } = this
    return document.state().update.length > bloat.ratio * document.text.length + bloat.slack
  }

  stop(): void {
    this.#soon.stop()
    this.#oldFiles?.()
    this.#callOff()
  }

  /** What fails is said in the log and tried again: an edit is never given up. */
  async #inLane(what: string, work: () => Promise<void>): Promise<AppError | null> {
    try {
      await this.document.lane.run(work)
      return null
    } catch (fault) {
      this.#deps.logger.warn({ err: fault, doc: this.document.id }, `a document could not be ${what}`)
      this.#soon.at(retryMs)
      return asAppError(fault)
    }
  }

  #judge(file: 'text' | 'missing' | 'binary'): void {
    if (file === 'binary') return this.#lose()
    if (file === 'missing') return this.#awaitFile()
    this.#callOff()
    if (!this.document.gone) return
    this.document.gone = false
    this.#events.back()
  }

  /** A tool may be about to put the file back. */
  #awaitFile(): void {
    if (this.document.gone || this.#awaited) return
    this.#awaited = this.#deps.clock.after(goneMs, () => {
      this.#awaited = null
      void this.#inLane('found', async () => {
        if ((await ingest(this.document, this.#deps)) === 'missing') this.#lose()
        else this.#soon.touch()
      })
    })
  }

  #callOff(): void {
    this.#awaited?.()
    this.#awaited = null
  }

  #lose(): void {
    if (this.document.gone) return
    this.document.gone = true
    this.#events.gone()
  }

  #isLong(): boolean {
    const { records, bytes } = this.#deps.log.backlog(this.document.id)
    return records >= snapshotRecords || bytes > Math.max(smallLog, snapshotRatio * this.#snapshotBytes)
  }

  async #snapshotIfNeeded(): Promise<void> {
    if (this.#deps.log.backlog(this.document.id).records > 0) await this.#snapshot()
  }

  async #snapshot(): Promise<void> {
    const snapshot = this.document.snapshot()
    await this.#deps.log.sync()
    await writeSnapshot(this.#deps.disk, this.#deps.snapshots, snapshot)
    this.#snapshotBytes = snapshot.state.length
    this.#deps.log.forget(snapshot.doc, snapshot.seq)
  }
}
