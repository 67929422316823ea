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
  const held = new Map<string, Held>()
  const summary = createStore(nothingOpen)
  const replaced = new Set<(id: string) => void>()

  const letGo = (id: string): void => {
    const entry = held.get(id)
    if (entry === undefined) return
    held.delete(id)
    entry.stop()
    entry.document.dispose()
  }
  const look = (): void => {
    for (const [id, entry] of held) {
      if (entry.readers === 0 && entry.document.facts.get().waiting.unsaved === 0) letGo(id)
    }
    summary.set(summarise([...held.values()].map((entry) => entry.document)))
  }
  const join = (file: TextFile, readers: number): OpenDocument => {
    const document = openDocument({
      doors: plan.doors,
      repl: plan.repl,
      doc: file.doc,
      epoch: file.epoch,
      refused: plan.say,
    })
    const watch = (): void => {
      if (document.facts.get().closed?.code === closeCode.wrongEpoch) void renewHistory(document)
      look()
    }
    held.set(file.doc, { document, readers, stop: document.facts.subscribe(watch) })
    look()
    return document
  }
  /** The room has a new history: join it, and bring what this page had not sent as a change of text. */
  const renewHistory = async (old: OpenDocument): Promise<void> => {
    const entry = held.get(old.id)
    if (entry?.document !== old) return
    const file = await plan.reopen(old.id).catch(() => null)
    if (file === null || held.get(old.id) !== entry) return
    const change = { before: old.settledText(), mine: old.text.toString() }
    letGo(old.id)
    const fresh = join(file, entry.readers)
    carryOver(fresh, change, plan.say)
    for (const listener of replaced) listener(old.id)
  }
  return {
    summary,
    open: (file) => {
      const entry = held.get(file.doc)
      if (entry === undefined) return join(file, 1)
      entry.readers += 1
      return entry.document
    },
    close: (id) => {
      const entry = held.get(id)
      if (entry === undefined) return
      entry.readers = Math.max(0, entry.readers - 1)
      look()
    },
    get: (id) => held.get(id)?.document ?? null,
    onReplaced: (listener) => {
      replaced.add(listener)
      return () => replaced.delete(listener)
    },
    dispose: () => {
      for (const id of held.keys()) letGo(id)
      replaced.clear()
    },
  }
}

function summarise(documents: OpenDocument[]): DocumentsSummary {
  const dirty = new Set<string>()
  const sum = { unsaved: 0, unlogged: 0, awaySince: null as number | null, readOnly: null as string | null }
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
