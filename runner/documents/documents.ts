// The documents of a repl that are open: opens each once, leads events to it, lets it go when nobody reads.
// Knows nothing of sockets; the link door and the tree door call it. One document's file is document-file.ts.
import type { Logger } from 'pino'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import type { DocumentEvent, Opened } from '../../protocol/tree.ts'
import type { Disk } from '../durable.ts'
import { readContent, type Content, type FileDeps } from '../workspace/ingest.ts'
import type { Clock } from './clock.ts'
import type { LiveDocument } from './document.ts'
import { DocumentFile, type DocumentFileEvents } from './document-file.ts'
import { gitDone } from './git-pause.ts'
import { fits, type KeptUpdate } from './kept-log.ts'
import type { Log } from './log.ts'
import { openAnew, openKnown, openNew, type OpeningDeps } from './opening.ts'
import type { Codec, Files } from './ports.ts'
import { isOfDisk } from './refusal.ts'
import type { Register } from './register.ts'

/** Milliseconds that a document stays in memory after its last reader left. */
const unloadMs = 60_000

export type DocumentsDeps = {
  files: Files
  codec: Codec
  log: Log
  register: Register
  disk: Disk
  snapshots: string
  clock: Clock
  logger: Logger
  /** Characters that may be open; left out: the usual. */
  mostCharacters?: number | undefined
}
export type DocumentsListener = {
  /** A tool's change was merged; it is logged. */
  merged?: (document: LiveDocument, change: { seq: number; update: Uint8Array }) => void
  event?: (event: DocumentEvent) => void
  /** The workspace's disk takes no files (`why` for people), or takes them again (null). */
  trouble?: (why: string | null) => void
}
type Open = { file: DocumentFile; unload: (() => void) | null }

export class Documents {
  readonly #deps: OpeningDeps
  readonly #mostCharacters: number
  readonly #open = new Map<string, Open>()
  readonly #opening = new Map<string, Promise<LiveDocument>>()
  readonly #byPath = new Map<string, Promise<Opened>>()
  readonly #readers = new Set<string>()
  readonly #listeners = new Set<DocumentsListener>()
  /** Documents whose file the disk does not take, and what people are told of it. */
  readonly #refused = new Map<string, string>()
  #told: string | null = null
  #compacting = false
  #mayRenew = (): boolean => true

  constructor(deps: DocumentsDeps) {
    this.#mostCharacters = deps.mostCharacters ?? limits.openCharacters
    this.#deps = {
      ...deps,
      count: { ingests: 0, writes: 0 },
      merged: (document, change) => this.#tell((listener) => listener.merged?.(document, change)),
      onEdit: (document) => this.#open.get(document.id)?.file.edited(),
    }
    deps.log.listen({ begun: () => void this.#compactSoon() })
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

  /**
   * Opens a file for a page. Two who open it at once, or by two paths, get the same document. `known`: only what has been a
   * document before, because nothing new may be written any more.
   */
  async open(path: string, only: { known?: boolean } = {}): Promise<Opened> {
    const real = this.#deps.files.real(path)
    if (only.known && !this.#deps.register.ofPath(real))
      throw new AppError('read-only', {
        say: 'The session is stopping: a file that nobody has opened before can be opened again afterwards.',
      })
    const running = this.#byPath.get(real) ?? this.#openPath(real).finally(() => this.#byPath.delete(real))
    this.#byPath.set(real, running)
    return { ...(await running), path }
  }

  /** The document of a room. Throws `not-found` or `wrong-epoch`. */
  async ofRoom(doc: string, epoch: string): Promise<LiveDocument> {
    const document = await this.#load(doc)
    if (document.epoch === epoch) return document
    throw new AppError('wrong-epoch', { say: 'This document has begun a new history.' })
  }

  /** As `ofRoom`, and somebody reads it from now on. */
  async enter(doc: string, epoch: string): Promise<LiveDocument> {
    const isFirst = !this.#readers.has(doc)
    this.#readers.add(doc)
    try {
      return await this.ofRoom(doc, epoch)
    } catch (fault) {
      if (isFirst) this.leave(doc)
      throw fault
    }
  }

  /** The document when it is in memory. */
  loaded(doc: string): LiveDocument | undefined {
    return this.#open.get(doc)?.file.document
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
    await gitDone(this.#deps)
    await Promise.all(
      this.#files.filter(({ document }) => paths.has(document.path)).map((file) => file.look()),
    )
  }

  /** A file or folder has another path; documents below it keep their id and history. */
  async moved(from: string, to: string): Promise<void> {
    const known = this.#deps.register.move(from, to, this.#deps.log)
    this.#deps.log.flush()
    for (const { doc, path } of known) {
      const open = this.#open.get(doc)
      if (!open) continue
      if (path !== null) this.#tell((listener) => listener.event?.({ kind: 'moved', doc, path }))
      open.file.moved(path)
    }
  }

  /** After a start: whatever file lags behind what the log holds is written, whether anybody opens it or not. */
  async catchUp(): Promise<void> {
    for (const doc of this.#deps.log.unsnapshotted) {
      const document = await this.#load(doc).catch((fault: unknown) => {
        this.#deps.logger.warn({ err: fault, doc }, 'a document of the log could not be opened')
        return null
      })
      await (document && this.#open.get(document.id)?.file.write())
    }
  }

  /** Brings every file up to its document, now, before anything that could read files; throws when one cannot be. */
  async materialise(why: string): Promise<void> {
    const dirty = this.#files.filter(({ document }) => document.dirty || !document.lane.idle)
    if (dirty.length > 0) this.#deps.logger.debug({ why, documents: dirty.length }, 'materialise')
    const failed = await Promise.all(dirty.map((file) => file.write()))
    for (const fault of failed) if (fault) throw fault
  }

  /** As `materialise`, for whoever can do without: only a file at `path` that lags behind its document is refused. */
  async settle(path?: string): Promise<void> {
    await this.materialise('settle').catch((fault: unknown) => {
      const lags = this.#files.some(
        ({ document }) => document.path === path && document.dirty && !document.gone,
      )
      if (lags) throw fault
    })
  }

  /**
   * Takes in what an overtaken session had not backed up of `doc`, and tells readers. Gives how many updates brought
   * something new; null, and nothing is taken, when the document is unknown or has begun another history since.
   */
  async takeKept(doc: string, updates: readonly KeptUpdate[]): Promise<number | null> {
    const document = await this.#load(doc).catch(() => null)
    if (document === null || !fits(document.state().update, updates)) return null
    return document.lane.run(async () => {
      let taken = 0
      for (const { update, author } of updates) {
        const before = this.#deps.log.seq
        const seq = document.receive(update, author)
        if (seq === before) continue
        taken += 1
        this.#tell((listener) => listener.merged?.(document, { seq, update }))
      }
      return taken
    })
  }

  /** Where a document's file is; null when it has none, or is unknown. */
  pathOf(doc: string): string | null {
    return this.#deps.register.ofDoc(doc)?.path ?? null
  }

  /** What tools wrote into the documents, what people wrote into the files, snapshots, register: all on the disk. */
  async putAway(): Promise<number> {
    await Promise.allSettled(this.#opening.values())
    for (const file of this.#files) await file.putAway()
    await this.#fold()
    return this.#deps.log.seq
  }

  /** Puts what old segments of the log hold into snapshots, whoever it belongs to, so that the segments can go. */
  async compact(): Promise<void> {
    for (const doc of this.#deps.log.unsnapshotted) {
      const document = await this.#load(doc).catch(() => null)
      await (document && this.#open.get(document.id)?.file.putAway())
    }
    await this.#fold()
  }

  async #compactSoon(): Promise<void> {
    if (this.#compacting) return
    this.#compacting = true
    await this.compact()
      .catch((fault: unknown) => this.#deps.logger.warn({ err: fault }, 'the log could not be compacted'))
      .finally(() => (this.#compacting = false))
  }

  async #fold(): Promise<void> {
    const { log, register } = this.#deps
    // What is folded must be on the disk, to the last record.
    do await log.sync()
    while (log.saved < log.seq)
    await register.fold(log)
    await log.compact(register.from)
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values())
    for (const { file, unload } of this.#open.values()) {
      unload?.()
      file.stop()
      await file.document.lane.drained()
      file.stop()
      file.document.destroy()
    }
    this.#open.clear()
  }

  get #files(): DocumentFile[] {
    return [...this.#open.values()].map(({ file }) => file)
  }

  async #openPath(path: string): Promise<Opened> {
    const content = await this.#textContent(path)
    if ('kind' in content) return content
    const known = this.#deps.register.ofPath(path)
    if (!known || !this.loaded(known.doc)) this.#refuseTooMuch()
    const document = known
      ? await this.#load(known.doc)
      : this.#keep(await openNew(path, content, this.#deps))
    await this.#open.get(document.id)?.file.look()
    const { id: doc, epoch, disk } = document
    return { kind: 'text', path, doc, epoch, eol: disk.form.eol }
  }

  /** A page opens what it likes, and each document stays a while: together they must not take the runner's memory. */
  #refuseTooMuch(): void {
    const open = this.#files.reduce((sum, { document }) => sum + document.length, 0)
    if (open < this.#mostCharacters) return
    const say =
      'So much text is open in this REPL that no other file can be opened. Close some large ones, and try again in a minute.'
    throw new AppError('too-many', { say, log: { open, most: this.#mostCharacters } })
  }

  async #textContent(path: string): Promise<Content | Opened> {
    const stat = await this.#deps.files.stat(path)
    if (stat && stat.size > limits.documentBytes) return { kind: 'too-large', path, size: stat.size }
    const content = await readContent(path, this.#deps)
    if (!content) throw new AppError('not-found', { say: `${path} does not exist.` })
    if (this.#deps.codec.decode(content.bytes).kind === 'text') return content
    return { kind: 'binary', path, size: content.bytes.length }
  }

  /** Brings a known document into memory once, however many ask for it at the same time. */
  async #load(doc: string): Promise<LiveDocument> {
    const known = this.#deps.register.ofDoc(doc)
    if (!known) throw new AppError('not-found', { say: 'This document does not exist.' })
    const loaded = this.loaded(doc)
    if (loaded) return loaded
    const running = this.#opening.get(doc)
    if (running) return running
    return this.#bring(doc, openKnown({ ...known, path: known.path ?? '' }, this.#deps))
  }

  #bring(doc: string, coming: Promise<LiveDocument>): Promise<LiveDocument> {
    const opening = coming.then((document) => this.#keep(document)).finally(() => this.#opening.delete(doc))
    this.#opening.set(doc, opening)
    return opening
  }

  #keep(document: LiveDocument): LiveDocument {
    const { id } = document
    const open: Open = {
      file: new DocumentFile(document, this.#deps, this.#eventsOf(document)),
      unload: null,
    }
    this.#open.set(id, open)
    // It may have changed, or been moved, between our reading and now.
    document.path = this.#deps.register.ofDoc(id)?.path ?? ''
    void open.file.look()
    this.#unloadLater(open)
    return document
  }

  #eventsOf(document: LiveDocument): DocumentFileEvents {
    const { id: doc } = document
    const tell = (kind: 'gone' | 'back') => (): void =>
      this.#tell((listener) => listener.event?.({ kind, doc, path: document.path }))
    const written = (failed: AppError | null): void => {
      if (failed && isOfDisk(failed)) this.#refused.set(doc, failed.say)
      else this.#refused.delete(doc)
      this.#tellTrouble()
    }
    return { gone: tell('gone'), back: tell('back'), written }
  }

  #tellTrouble(): void {
    const [why = null] = this.#refused.values()
    if (why === this.#told) return
    this.#told = why
    this.#tell((listener) => listener.trouble?.(why))
  }

  #unloadLater(open: Open): void {
    open.unload?.()
    open.unload = this.#deps.clock.after(unloadMs, () => void this.#unload(open))
  }

  async #unload(open: Open): Promise<void> {
    const { id } = open.file.document
    const isUnread = (): boolean => !this.#readers.has(id) && this.#open.get(id) === open
    if (!isUnread()) return
    let isBloated = false
    const left = await open.file.retire(() => {
      isBloated = open.file.isBloated
      return isUnread() && this.#open.delete(id)
    })
    if (!left && isUnread()) this.#unloadLater(open)
    if (left && isBloated && this.#mayRenew()) await this.#renew(id)
  }

  /** Nobody holds the document: it goes on under a new epoch, without what was deleted. Whoever comes meanwhile waits. */
  async #renew(doc: string): Promise<void> {
    const known = this.#deps.register.ofDoc(doc)
    if (!known?.path || this.#opening.has(doc)) return
    this.#deps.logger.info({ doc }, 'a document begins a new history: the old one was bloated')
    await this.#bring(doc, openAnew({ ...known, path: known.path }, this.#deps)).catch((fault: unknown) =>
      this.#deps.logger.warn({ err: fault, doc }, 'a document could not begin a new history'),
    )
  }

  /** `may`: asked before a history nobody reads is left behind; false while somebody may hold it unknown to us. */
  renewWhen(may: () => boolean): void {
    this.#mayRenew = may
  }

  #tell(call: (listener: DocumentsListener) => void): void {
    for (const listener of this.#listeners) call(listener)
  }
}
