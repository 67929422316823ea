// All documents this page has open, by id: opens, keeps one per file, and lets one go only when nothing of it waits.
import type * as Y from 'yjs'
import type { DocumentEvent, Opened } from '../../../protocol/tree.ts'
import { closeCode } from '../../../protocol/document.ts'
import { AppError, asAppError } from '../../../protocol/errors.ts'
import { between, type DoorsKeeper } from '../link/doors.ts'
import { renote, removeStore, readStore, type KeptStore } from '../offline/store.ts'
import { createStore, until, type Readable } from '../store.ts'
import { openDocument, type OpenDocument } from './document.ts'
import { carryOver, type CarryMark } from './carry-over.ts'

export type TextFile = Extract<Opened, { kind: 'text' }>

/** What all open documents together amount to, for the connection word and the Enter rule. */
export type DocumentsSummary = {
  unsaved: number
  unlogged: number
  /** Ids of documents with own edits that are not saved. */
  dirty: ReadonlySet<string>
  /** True when nothing waits that is not in this browser's store too. */
  isKept: boolean
  /** The text of one of them does not come. */
  isLate: boolean
  /** Since when the first of them has been away, or null. */
  awaySince: number | null
  readOnly: string | null
}

const nothingOpen: DocumentsSummary = {
  unsaved: 0,
  unlogged: 0,
  dirty: new Set(),
  isKept: true,
  isLate: false,
  awaySince: null,
  readOnly: null,
}

export type Documents = {
  summary: Readable<DocumentsSummary>
  /** The document of a file, joined when it is new here. Every `open` needs a `close`. */
  open: (file: TextFile) => OpenDocument
  close: (id: string) => void
  /** The document that stands for `id` now. */
  get: (id: string) => OpenDocument | null
  /** Calls back when a document was replaced by one of a new history, perhaps under a new id. */
  onReplaced: (listener: (old: string, fresh: OpenDocument) => void) => () => void
  /** A file of a document was moved. */
  told: (event: DocumentEvent) => void
  /** Takes away the stores in which nothing waits: the page is about to go. */
  leaveNothing: () => void
  /** Gives up connections that may be dead without saying so, and tries at once. */
  retry: () => void
  dispose: () => void
}

export type DocumentsPlan = {
  doors: DoorsKeeper
  repl: string
  say: (words: string) => void
  /** Asks for a file's document anew, after its history changed. */
  reopen: (path: string) => Promise<TextFile | null>
  /** Opens a store in this browser for a document's waiting edits; null where nothing is to be kept. */
  keep: ((of: { id: string; epoch: string; doc: Y.Doc }) => KeptStore) | null
}

type Held = { document: OpenDocument; path: { now: string }; readers: number; stop: () => void }

export function createDocuments(plan: DocumentsPlan): Documents {
  return new HeldDocuments(plan)
}

/** Longest wait before a file of a new history is asked for once more, in milliseconds. */
const reopenMs = 1_000

class HeldDocuments implements Documents {
  readonly summary = createStore(nothingOpen)
  readonly #plan: DocumentsPlan
  readonly #held = new Map<string, Held>()
  readonly #renewing = new WeakSet<OpenDocument>()
  readonly #replaced = new Set<(old: string, fresh: OpenDocument) => void>()

  constructor(plan: DocumentsPlan) {
    this.#plan = plan
  }

  open(file: TextFile): OpenDocument {
    const entry = this.#held.get(file.doc)
    if (entry === undefined) return this.#join(file, 1)
    entry.readers += 1
    return entry.document
  }

  close(id: string): void {
    const entry = this.#held.get(id)
    if (entry === undefined) return
    entry.readers = Math.max(0, entry.readers - 1)
    this.#look()
  }

  get(id: string): OpenDocument | null {
    return this.#held.get(id)?.document ?? null
  }

  onReplaced(listener: (old: string, fresh: OpenDocument) => void): () => void {
    this.#replaced.add(listener)
    return () => this.#replaced.delete(listener)
  }

  readonly told = (event: DocumentEvent): void => {
    const entry = this.#held.get(event.doc)
    if (entry !== undefined) entry.path.now = event.path
  }

  readonly leaveNothing = (): void => {
    for (const { document } of this.#held.values()) document.leaveNothing()
  }

  readonly retry = (): void => {
    for (const { document } of this.#held.values()) document.room.retry()
  }

  readonly dispose = (): void => {
    for (const id of this.#held.keys()) this.#letGo(id)
    this.#replaced.clear()
  }

  #join(file: TextFile, readers: number): OpenDocument {
    const { doors, repl, say, keep } = this.#plan
    const { doc: id, epoch } = file
    const path = { now: file.path }
    const document = openDocument({
      doors,
      repl,
      doc: id,
      epoch,
      path: () => path.now,
      keep: keep === null ? null : (doc) => keep({ id, epoch, doc }),
      refused: say,
    })
    const watch = (): void => {
      if (isReplaced(document)) void this.#renewHistory(document)
      this.#look()
    }
    this.#held.set(id, { document, path, readers, stop: document.facts.subscribe(watch) })
    this.#look()
    return document
  }

  #letGo(id: string): void {
    const entry = this.#held.get(id)
    if (entry === undefined) return
    this.#held.delete(id)
    entry.stop()
    entry.document.dispose()
  }

  /** Lets go of what nobody reads and nothing waits in, and sums up the rest. */
  #look(): void {
    for (const [id, entry] of this.#held) {
      if (entry.readers === 0 && entry.document.facts.get().waiting.unsaved === 0) this.#letGo(id)
    }
    const documents = [...this.#held.values()].map((entry) => entry.document)
    this.summary.update((before) => summarise(documents, before.dirty))
  }

  /** The room has a new history: join it, and bring what this page had not sent as a change of text. */
  async #renewHistory(old: OpenDocument): Promise<void> {
    const entry = this.#held.get(old.id)
    if (entry?.document !== old || this.#renewing.has(old)) return
    this.#renewing.add(old)
    const file = await this.#reopened(old.id, entry)
    if (file === null || (file.doc === old.id && file.epoch === old.epoch)) return
    if (this.#held.get(old.id) !== entry) return
    const texts = { before: old.settledText(), mine: old.text.toString() }
    const left = old.storeName()
    this.#letGo(old.id)
    const held = this.#held.get(file.doc)
    if (held !== undefined) held.readers += entry.readers
    const fresh = held?.document ?? this.#join(file, entry.readers)
    for (const listener of this.#replaced) listener(old.id, fresh)
    await carryOver(fresh, { texts, say: this.#plan.say, mark: (mark) => remember(left, mark) })
    await until(fresh.facts, ({ waiting, hasText }) => hasText && waiting.unsaved === 0)
    if (left !== null) await removeStore(left)
  }

  /** Asks until there is an answer: the relay often is back before the way to the runner is. Null when there is no text. */
  async #reopened(id: string, entry: Held): Promise<TextFile | null> {
    while (this.#held.get(id) === entry) {
      const file = await this.#plan.reopen(entry.path.now).catch(asAppError)
      if (!(file instanceof AppError)) return file
      if (file.code !== 'unavailable') return null
      await new Promise((resume) => setTimeout(resume, between(0.5, 1) * reopenMs))
    }
    return null
  }
}

/** The room is closed for good because the text is another one now, or because its file began anew. */
function isReplaced(document: OpenDocument): boolean {
  const code = document.facts.get().closed?.code
  if (code === closeCode.wrongEpoch) return true
  return code === closeCode.notFound && document.facts.get().waiting.unsaved > 0
}

/** A store that was closed with edits in it remembers where they went. */
async function remember(store: string | null, mark: CarryMark): Promise<void> {
  if (store === null) return
  const { note } = await readStore(store)
  if (note !== null) await renote(store, { ...note, carried: mark })
}

type Summing = Omit<DocumentsSummary, 'dirty'>

/** `before`: the same set is answered while it has the same members, so that who shows it need not look again. */
function summarise(documents: OpenDocument[], before: ReadonlySet<string>): DocumentsSummary {
  const dirty = new Set<string>()
  const sum: Summing = {
    unsaved: 0,
    unlogged: 0,
    isKept: true,
    isLate: false,
    awaySince: null,
    readOnly: null,
  }
  for (const { id, facts } of documents) {
    const { waiting, awaySince, readOnly, isKept, isLate, closed } = facts.get()
    sum.unsaved += waiting.unsaved
    sum.unlogged += waiting.unlogged
    if (waiting.unsaved > 0) dirty.add(id)
    if (!isKept) sum.isKept = false
    if (isLate && closed === null) sum.isLate = true
    if (awaySince !== null) sum.awaySince = Math.min(awaySince, sum.awaySince ?? awaySince)
    sum.readOnly ??= readOnly
  }
  const isSame = dirty.size === before.size && [...dirty].every((id) => before.has(id))
  return { ...sum, dirty: isSame ? before : dirty }
}
