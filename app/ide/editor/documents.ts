// All documents this page has open, by id: opens, keeps one per file, and lets one go only when nothing of it waits.
import type { Opened } from '../../../protocol/tree.ts'
import { closeCode } from '../../../protocol/document.ts'
import type { DoorsKeeper } from '../link/doors.ts'
import { createStore, type Readable } from '../store.ts'
import { openDocument, type OpenDocument } from './document.ts'
import { carryOver } from './carry-over.ts'

export type TextFile = Extract<Opened, { kind: 'text' }>

/** What all open documents together amount to, for the connection word and the Enter rule. */
export type DocumentsSummary = {
  unsaved: number
  unlogged: number
  /** Ids of documents with own edits that are not saved. */
  dirty: ReadonlySet<string>
  /** Since when the first of them has been away, or null. */
  awaySince: number | null
  readOnly: string | null
}

const nothingOpen: DocumentsSummary = {
  unsaved: 0,
  unlogged: 0,
  dirty: new Set(),
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
  /** Calls back when a document began a new history and was replaced by a fresh one. */
  onReplaced: (listener: (id: string) => void) => () => void
  dispose: () => void
}

export type DocumentsPlan = {
  doors: DoorsKeeper
  repl: string
  say: (words: string) => void
  /** Asks for a document anew, by id, after its history changed. */
  reopen: (id: string) => Promise<TextFile | null>
}

type Held = { document: OpenDocument; readers: number; stop: () => void }

export function createDocuments(plan: DocumentsPlan): Documents {
  return new HeldDocuments(plan)
}

class HeldDocuments implements Documents {
  readonly summary = createStore(nothingOpen)
  readonly #plan: DocumentsPlan
  readonly #held = new Map<string, Held>()
  readonly #replaced = new Set<(id: string) => void>()

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

  onReplaced(listener: (id: string) => void): () => void {
    this.#replaced.add(listener)
    return () => this.#replaced.delete(listener)
  }

  readonly dispose = (): void => {
    for (const id of this.#held.keys()) this.#letGo(id)
    this.#replaced.clear()
  }

  #join(file: TextFile, readers: number): OpenDocument {
    const { doors, repl, say } = this.#plan
    const document = openDocument({ doors, repl, doc: file.doc, epoch: file.epoch, refused: say })
    const watch = (): void => {
      if (document.facts.get().closed?.code === closeCode.wrongEpoch) void this.#renewHistory(document)
      this.#look()
    }
    this.#held.set(file.doc, { document, readers, stop: document.facts.subscribe(watch) })
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
    this.summary.set(summarise([...this.#held.values()].map((entry) => entry.document)))
  }

  /** The room has a new history: join it, and bring what this page had not sent as a change of text. */
  async #renewHistory(old: OpenDocument): Promise<void> {
    const entry = this.#held.get(old.id)
    if (entry?.document !== old) return
    const file = await this.#plan.reopen(old.id).catch(() => null)
    if (file === null || this.#held.get(old.id) !== entry) return
    const texts = { before: old.settledText(), mine: old.text.toString() }
    this.#letGo(old.id)
    const fresh = this.#join(file, entry.readers)
    void carryOver(fresh, texts, this.#plan.say)
    for (const listener of this.#replaced) listener(old.id)
  }
}

type Summing = { unsaved: number; unlogged: number; awaySince: number | null; readOnly: string | null }

function summarise(documents: OpenDocument[]): DocumentsSummary {
  const dirty = new Set<string>()
  const sum: Summing = { unsaved: 0, unlogged: 0, awaySince: null, readOnly: null }
  for (const { id, facts } of documents) {
    const { waiting, awaySince, readOnly } = facts.get()
    sum.unsaved += waiting.unsaved
    sum.unlogged += waiting.unlogged
    if (waiting.unsaved > 0) dirty.add(id)
    if (awaySince !== null) sum.awaySince = Math.min(awaySince, sum.awaySince ?? awaySince)
    sum.readOnly ??= readOnly
  }
  return { ...sum, dirty }
}
