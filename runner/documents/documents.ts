// The documents of a repl that are open: opens them once, writes their files in time, closes them when nobody reads.
// Knows nothing of sockets; the link door and the tree door call it.
import type { Logger } from 'pino'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import type { DocumentEvent, Opened } from '../../protocol/tree.ts'
import { ingest, readContent, type Content, type FileDeps } from '../workspace/ingest.ts'
import { materialise } from '../workspace/materialise.ts'
import type { Clock } from './clock.ts'
import type { LiveDocument } from './document.ts'
import type { Log } from './log.ts'
import { openKnown, openNew, type OpeningDeps } from './opening.ts'
import type { Codec, Files } from './ports.ts'
import type { Register } from './register.ts'
import { writeSnapshot } from './snapshot.ts'
import { Soon } from './timing.ts'

/** Milliseconds that a document stays in memory after its last reader left. */
const unloadMs = 60_000
/** Milliseconds that a removed file is awaited: tools replace files by removing and creating them. */
const goneMs = 2000
/** Milliseconds until a file that could not be written is tried again. */
const retryMs = 1000
/** A snapshot is taken at this many records, or this many times its size in the log (but not below `smallLog` bytes). */
const snapshotRecords = 500
const snapshotRatio = 4
const smallLog = 64 * 1024

/** Of a document whose place another file has taken. */
const noPath = ''

type Open = { document: LiveDocument; soon: Soon; unload: (() => void) | null; snapshotBytes: number }
export type DocumentsListener = {
  /** A tool's change was merged; it is logged. */
  merged?: (document: LiveDocument, change: { seq: number; update: Uint8Array }) => void
  event?: (event: DocumentEvent) => void
}

export class Documents {
  readonly #deps: OpeningDeps
  readonly #open = new Map<string, Open>()
  readonly #opening = new Map<string, Promise<LiveDocument>>()
  readonly #byPath = new Map<string, Promise<Opened>>()
  readonly #readers = new Set<string>()
  readonly #listeners = new Set<DocumentsListener>()
  readonly #gone = new Map<string, () => void>()
  #closed = false

  constructor(deps: {
    files: Files
    codec: Codec
    log: Log
    register: Register
    snapshots: string
    clock: Clock
    logger: Logger
  }) {
    this.#deps = {
      ...deps,
      count: { ingests: 0, writes: 0 },
      merged: (document, change) => this.#tell((listener) => listener.merged?.(document, change)),
      onEdit: (document) => this.#open.get(document.id)?.soon.touch(),
    }
  }

  get count(): FileDeps['count'] {
    return this.#deps.count
  }

  listen(listener: DocumentsListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  onEvent(event: (event: DocumentEvent) => void): () => void {
    return this.listen({ event })
  }

  /** Opens a file for a page. Two who open it at once get the same document. */
  async open(path: string): Promise<Opened> {
    const running = this.#byPath.get(path)
    if (running) return running
    const opened = this.#openPath(path).finally(() => this.#byPath.delete(path))
    this.#byPath.set(path, opened)
    return opened
  }

  /** The document of a room. Throws `not-found` or `wrong-epoch`. */
  async ofRoom(doc: string, epoch: string): Promise<LiveDocument> {
    const known = this.#deps.register.ofDoc(doc)
    if (!known) throw new AppError('not-found', { say: 'This document does not exist.' })
    const path = known.path ?? noPath
    const document = await this.#load(doc, () => openKnown({ ...known, path }, this.#deps))
    if (document.epoch === epoch) return document
    throw new AppError('wrong-epoch', { say: 'This document has begun a new history.' })
  }

  /** As `ofRoom`, and somebody reads it from now on. */
  async enter(doc: string, epoch: string): Promise<LiveDocument> {
    const document = await this.ofRoom(doc, epoch)
    this.#readers.add(doc)
    return document
  }

  /** The document when it is in memory. */
  loaded(doc: string): LiveDocument | undefined {
    return this.#open.get(doc)?.document
  }

  /** The last reader of `doc` left. */
  leave(doc: string): void {
    this.#readers.delete(doc)
    const open = this.#open.get(doc)
    if (open) this.#unloadLater(open)
  }

  /** The relay is another one, or a new one: who reads is told again. */
  leaveAll(): void {
    for (const doc of this.#readers) this.leave(doc)
  }

  /** Something happened to these files. */
  async changed(paths: Set<string>): Promise<void> {
    const open = [...this.#open.values()].filter(({ document }) => paths.has(document.path))
    await Promise.all(open.map((one) => one.document.lane.run(() => this.#look(one))))
  }

  /** A file or folder has another path; documents below it keep their id and history. */
  async moved(from: string, to: string): Promise<void> {
    const known = this.#deps.register.move(from, to, this.#deps.log)
    this.#deps.log.flush()
    for (const { doc, path } of known) {
      const open = this.#open.get(doc)
      if (!open) continue
      this.#callOff(doc)
      if (path === null) this.#lose(open.document)
      else this.#tell((listener) => listener.event?.({ kind: 'moved', doc, path }))
      open.document.path = path ?? noPath
      if (path !== null) open.soon.at(0)
    }
  }

  /** Brings every file up to its document, now: called before anything that could read files. */
  async materialise(why: string): Promise<void> {
    const dirty = [...this.#open.values()].filter(({ document }) => document.dirty || !document.lane.idle)
    if (dirty.length > 0) this.#deps.logger.debug({ why, documents: dirty.length }, 'materialise')
    await Promise.all(dirty.map((open) => open.document.lane.run(() => this.#write(open))))
  }

  settle(): Promise<void> {
    return this.materialise('settle')
  }

  /** Everything that tools wrote into the documents, everything into the files, snapshots, register: all on the disk. */
  async putAway(): Promise<number> {
    await Promise.all(this.#opening.values())
    for (const open of this.#open.values()) {
      await open.document.lane.run(async () => {
        await this.#look(open)
        await this.#write(open)
        if (this.#deps.log.backlog(open.document.id).records > 0) await this.#snapshot(open)
      })
    }
    await this.#deps.log.sync()
    await this.#deps.register.fold(this.#deps.log)
    return this.#deps.log.seq
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { soon, unload } of this.#open.values()) {
      soon.stop()
      unload?.()
    }
    for (const callOff of this.#gone.values()) callOff()
    await Promise.all([...this.#open.values()].map(({ document }) => document.lane.drained()))
    for (const { document } of this.#open.values()) document.destroy()
    this.#open.clear()
  }

  async #openPath(path: string): Promise<Opened> {
    const content = await this.#textContent(path)
    if ('kind' in content) return content
    const known = this.#deps.register.ofPath(path)
    const document = known
      ? await this.#load(known.doc, () => openKnown({ ...known, path }, this.#deps))
      : await this.#make(path, content)
    if (known) await this.changed(new Set([path]))
    const { id: doc, epoch, disk } = document
    return { kind: 'text', path, doc, epoch, eol: disk.form.eol }
  }

  async #textContent(path: string): Promise<Content | Opened> {
    const stat = await this.#deps.files.stat(path)
    if (stat && stat.size > limits.documentBytes) return { kind: 'too-large', path, size: stat.size }
    const content = await readContent(this.#deps.files, path)
    if (!content) throw new AppError('not-found', { say: `${path} does not exist.` })
    if (this.#deps.codec.decode(content.bytes).kind === 'text') return content
    return { kind: 'binary', path, size: content.bytes.length }
  }

  async #make(path: string, content: Content): Promise<LiveDocument> {
    const document = await openNew(path, content, this.#deps)
    return this.#keep(document)
  }

  /** Loads a document once, however many ask for it at the same time. */
  #load(doc: string, open: () => Promise<LiveDocument>): Promise<LiveDocument> {
    const loaded = this.#open.get(doc)
    if (loaded) return Promise.resolve(loaded.document)
    const running = this.#opening.get(doc)
    if (running) return running
    const opening = open()
      .then((document) => this.#keep(document))
      .finally(() => this.#opening.delete(doc))
    this.#opening.set(doc, opening)
    return opening
  }

  #keep(document: LiveDocument): LiveDocument {
    const soon = new Soon(this.#deps.clock, () => {
      if (!this.#closed) void document.lane.run(() => this.#write(open))
    })
    const open: Open = { document, soon, unload: null, snapshotBytes: 0 }
    this.#open.set(document.id, open)
    if (document.dirty) soon.touch()
    if (!this.#readers.has(document.id)) this.#unloadLater(open)
    return document
  }

  /** In the lane: takes in what a tool wrote. */
  async #look(open: Open): Promise<void> {
    this.#judge(open, await ingest(open.document, this.#deps))
    if (open.document.dirty) open.soon.touch()
  }

  /** In the lane: writes what people wrote; what cannot be written now is tried again. */
  async #write(open: Open): Promise<void> {
    const { document } = open
    if (document.gone) return
    try {
      this.#judge(open, await materialise(document, this.#deps))
      if (document.dirty && !document.gone) open.soon.touch()
      if (this.#isLong(open)) await this.#snapshot(open)
    } catch (fault) {
      this.#deps.logger.warn({ err: fault, doc: document.id }, 'a document could not be materialised')
      open.soon.at(retryMs)
    }
  }

  #judge(open: Open, file: 'text' | 'missing' | 'binary'): void {
    const { document } = open
    if (file === 'text') {
      this.#callOff(document.id)
      document.gone = false
    } else if (file === 'binary') this.#lose(document)
    else if (!document.gone && !this.#gone.has(document.id)) this.#awaitFile(open)
  }

  /** A tool may be about to put the file back. */
  #awaitFile(open: Open): void {
    const { id, lane } = open.document
    const lost = this.#deps.clock.after(goneMs, () => {
      this.#gone.delete(id)
      void lane.run(async () => {
        if ((await ingest(open.document, this.#deps)) === 'missing') this.#lose(open.document)
        else open.soon.touch()
      })
    })
    this.#gone.set(id, lost)
  }

  #callOff(doc: string): void {
    this.#gone.get(doc)?.()
    this.#gone.delete(doc)
  }

  #lose(document: LiveDocument): void {
    if (document.gone) return
    document.gone = true
    this.#tell((listener) => listener.event?.({ kind: 'gone', doc: document.id, path: document.path }))
  }

  #isLong(open: Open): boolean {
    const { records, bytes } = this.#deps.log.backlog(open.document.id)
    return records >= snapshotRecords || bytes > Math.max(smallLog, snapshotRatio * open.snapshotBytes)
  }

  async #snapshot(open: Open): Promise<void> {
    const snapshot = open.document.snapshot()
    await this.#deps.log.sync()
    await writeSnapshot(this.#deps.snapshots, snapshot)
    open.snapshotBytes = snapshot.state.length
    this.#deps.log.forget(snapshot.doc, snapshot.seq)
  }

  #unloadLater(open: Open): void {
    open.unload?.()
    open.unload = this.#deps.clock.after(unloadMs, () => void this.#unload(open))
  }

  async #unload(open: Open): Promise<void> {
    const { document } = open
    await document.lane.run(async () => {
      if (this.#readers.has(document.id) || this.#closed) return
      await this.#write(open)
      if (this.#deps.log.backlog(document.id).records > 0) await this.#snapshot(open)
      const busy = document.dirty && !document.gone
      if (this.#readers.has(document.id)) return
      if (busy) return this.#unloadLater(open)
      open.soon.stop()
      this.#callOff(document.id)
      this.#open.delete(document.id)
      document.destroy()
    })
  }

  #tell(call: (listener: DocumentsListener) => void): void {
    for (const listener of this.#listeners) call(listener)
  }
}
