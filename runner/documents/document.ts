// One open document: the live text, the disk replica (what its file holds), and what lies between them. Its records go
// to the log here; its file is written and read by workspace/materialise.ts and workspace/ingest.ts.
import * as Y from 'yjs'
import type { Change, FileStat } from './ports.ts'
import { encodeIntent, type Intent, type TextForm } from './intent.ts'
import { Lane } from './lane.ts'
import type { Log } from './log.ts'
import { earlierVersions, type Rebuilt } from './history.ts'
import { recordKind } from './records.ts'
import type { Snapshot } from './snapshot.ts'
import { Replaced } from '../workspace/replaced.ts'

/** Name of the text in every document: pages and stock clients use the same. */
export const contentName = 'content'
/** Origin of changes that a tool made on the disk. */
const diskOrigin = 'disk'

export type DocumentState = Pick<Rebuilt, 'live' | 'replica' | 'disk' | 'earlier'> & {
  id: string
  epoch: string
  path: string
}

export class LiveDocument {
  readonly id: string
  readonly epoch: string
  readonly live: Y.Doc
  readonly replica: Y.Doc
  /** Order of everything that touches the file. */
  readonly lane = new Lane()
  /** Files that ours took the place of. */
  readonly replaced = new Replaced()
  path: string
  /** What the file holds as far as we know. */
  disk: Intent
  /** True while the document has no file: it was removed, or is no text any more. */
  gone = false
  /** The file when we last read or wrote it, and when that was (milliseconds since 1970). */
  seen: { stat: FileStat; at: number } | null = null
  /** Updates of the live text that the replica lacks. */
  #ahead: Uint8Array[] = []
  /** True when the live text may differ from the file. */
  #dirty = false
  /** A write of which it is not known whether it took place, and how many of `#ahead` are in it. */
  #unsure: { intent: Intent; updates: number } | null = null
  #updates = 0
  #earlier: string[]
  readonly #log: Log

  constructor(state: DocumentState, deps: { log: Log; onEdit: (document: LiveDocument) => void }) {
    this.id = state.id
    this.epoch = state.epoch
    this.path = state.path
    this.live = state.live
    this.replica = state.replica
    this.disk = state.disk
    this.#earlier = state.earlier
    this.#log = deps.log
    this.live.on('update', (update: Uint8Array, origin: unknown) => {
      this.#updates += 1
      this.#ahead.push(update)
      if (origin === diskOrigin) return
      this.#dirty = true
      deps.onEdit(this)
    })
  }

  get text(): string {
    return this.live.getText(contentName).toString()
  }

  /** Characters of its text. */
  get length(): number {
    return this.live.getText(contentName).length
  }

  get dirty(): boolean {
    return this.#dirty
  }

  /** After a start: what the live text has and the replica lacks is still to be written. */
  catchUp(): void {
    const ahead = Y.encodeStateAsUpdate(this.live, Y.encodeStateVector(this.replica))
    if (sameState(this.live, this.replica)) return
    this.#ahead.push(ahead)
    this.#dirty = true
  }

  /** Forces the next materialise, when the file is known to lag behind. */
  lags(): void {
    this.#dirty = true
  }

  /**
   * Takes a person's update and gives the number of its record. One that brings nothing new is not logged again (a
   * relay replays); one that waits for another is. Throws when it is no update.
   */
  receive(update: Uint8Array, author: string): number {
    const before = this.#updates
    Y.applyUpdate(this.live, update)
    const { pendingStructs, pendingDs } = this.live.store
    if (this.#updates === before && !pendingStructs && !pendingDs) return this.#log.seq
    return this.#log.append({ kind: recordKind.update, doc: this.id, author, payload: update })
  }

  /** State vector and whole state as one update, and the last record that is in them. */
  state(): { seq: number; vector: Uint8Array; update: Uint8Array } {
    return {
      seq: this.#log.seq,
      vector: Y.encodeStateVector(this.live),
      update: Y.encodeStateAsUpdate(this.live),
    }
  }

  /** Puts a tool's changes into the replica and from there into the live text; gives the update and its record. */
  takeFromDisk(changes: Change[]): { seq: number; update: Uint8Array } {
    const made = changed(this.replica, changes)
    const seq = this.#log.append({ kind: recordKind.update, doc: this.id, author: '', payload: made })
    Y.applyUpdate(this.live, made, diskOrigin)
    return { seq, update: made }
  }

  /** Records what the file holds, or is about to hold. */
  intend(intent: Intent): void {
    this.#log.append({ kind: recordKind.intent, doc: this.id, author: '', payload: encodeIntent(intent) })
  }

  /** The file was found to hold `file`, in which `seq` is a tool's change (none: only its form changed). */
  found(file: { sha256: string; form: TextForm; seq: number | null }): void {
    this.#unsure = null
    const { upTo, also } = this.disk
    const { sha256, form, seq } = file
    this.disk = { upTo, also: seq === null ? also : [...also, seq], sha256, form }
    this.#remember(sha256)
    this.intend(this.disk)
  }

  /** What the replica needs to become the live text of this instant; given back to `written` or `notWritten`. */
  takeAhead(): Uint8Array[] {
    this.#unsure = null
    this.#dirty = false
    return this.#ahead.splice(0)
  }

  /** The file holds `disk` now: the replica follows. */
  written(ahead: Uint8Array[], disk: Intent): void {
    this.replica.transact(() => {
      for (const update of ahead) Y.applyUpdate(this.replica, update)
    })
    this.#remember(disk.sha256)
    this.disk = disk
  }

  /** The file does not hold them, or may (`unsure`: the write failed, perhaps after the file was in place). */
  notWritten(ahead: Uint8Array[], unsure: Intent | null): void {
    this.#ahead.unshift(...ahead)
    this.#dirty = true
    this.#unsure = unsure && { intent: unsure, updates: ahead.length }
  }

  /** True when the file turns out to hold what a write that failed was to put there: no tool's change, but ours. */
  wasWritten(sha256: string): boolean {
    const unsure = this.#unsure
    if (unsure?.intent.sha256 !== sha256) return false
    this.#unsure = null
    this.written(this.#ahead.splice(0, unsure.updates), unsure.intent)
    return true
  }

  snapshot(): Snapshot {
    return {
      doc: this.id,
      epoch: this.epoch,
      seq: this.#log.seq,
      disk: this.disk,
      earlier: this.#earlier,
      state: Y.encodeStateAsUpdate(this.live),
      replica: this.#ahead.length > 0 ? Y.encodeStateAsUpdate(this.replica) : null,
    }
  }

  #remember(sha256: string): void {
    if (this.#earlier.at(-1) !== sha256) this.#earlier = [...this.#earlier, sha256].slice(-earlierVersions)
  }

  destroy(): void {
    this.replaced.close()
    this.live.destroy()
    this.replica.destroy()
  }
}

/** Makes `changes` to the text of `doc`; gives them as an update. */
export function changed(doc: Y.Doc, changes: Change[]): Uint8Array {
  const before = Y.encodeStateVector(doc)
  let update: Uint8Array | null = null
  const keep = (made: Uint8Array): void => void (update = made)
  doc.once('update', keep)
  doc.transact(() => {
    const content = doc.getText(contentName)
    for (const change of changes.toReversed()) {
      if (change.remove > 0) content.delete(change.at, change.remove)
      if (change.insert !== '') content.insert(change.at, change.insert)
    }
  })
  doc.off('update', keep)
  return update ?? Y.encodeStateAsUpdate(doc, before)
}

/** Deletions do not move the state vector: the whole of both is compared. */
function sameState(a: Y.Doc, b: Y.Doc): boolean {
  return Y.equalSnapshots(Y.snapshot(a), Y.snapshot(b))
}
