// One open text document in this page: its Yjs text, its room, its own undo and the way of its edits. It knows no editor.
import * as Y from 'yjs'
import { closeCode, type RoomNotice } from '../../../protocol/document.ts'
import type { DoorsKeeper } from '../link/doors.ts'
import { Keeping } from '../offline/keeping.ts'
import type { KeptStore } from '../offline/store.ts'
import { joinRoom, type Room, type RoomEvents } from '../room/room.ts'
import { createScope } from '../scope.ts'
import { createStore, type Readable } from '../store.ts'
import { Progress, type Waiting } from './progress.ts'
import { TakeBack } from './take-back.ts'

export type DocumentFacts = {
  /** The text has come at least once. */
  hasText: boolean
  /** The text has not come in the time in which it usually is there. */
  isLate: boolean
  /** Milliseconds since 1970 since the room is away, null while it is here. */
  awaySince: number | null
  waiting: Waiting
  /** Everything that waits is in this browser's store: the page may be left. */
  isKept: boolean
  /** Words when no edits are taken. */
  readOnly: string | null
  /** Words when the runner is away and edits wait in the relay. */
  runnerAway: string | null
  /** Words when something of this session was damaged while work goes on. */
  alarm: string | null
  /** The room refused for good: its close code and words. */
  closed: { code: number; say: string } | null
}

const atFirst: DocumentFacts = {
  hasText: false,
  isLate: false,
  awaySince: null,
  waiting: { unsaved: 0, unlogged: 0 },
  isKept: true,
  readOnly: null,
  runnerAway: null,
  alarm: null,
  closed: null,
}

const closedWords = new Map<number, string>([
  [closeCode.forbidden, 'Your role does not allow this. Ask the owner.'],
  [closeCode.notFound, 'This file is no longer there.'],
  [closeCode.wrongEpoch, 'This file began a new history.'],
  [closeCode.tooLarge, 'An edit was too large for the server. Use an upload for large texts.'],
  [closeCode.badFrame, 'The server could not read what this page sent. Reload the page.'],
])

export type DocumentPlan = {
  doors: DoorsKeeper
  repl: string
  doc: string
  epoch: string
  /** Where its file is now, to find it again. */
  path: () => string
  /** Opens a store in this browser for what waits; null keeps nothing. */
  keep: ((doc: Y.Doc) => KeptStore) | null
  /** An edit was refused; it has been taken back already. */
  refused: (say: string) => void
}

/** What an earlier page left behind of this very history. */
export type Brought = {
  update: Uint8Array
  /** How many edits of it wait. */
  waiting: number
  /** The text that they are a change of. */
  base: string
}

export type OpenDocument = {
  id: string
  epoch: string
  doc: Y.Doc
  text: Y.Text
  room: Room
  facts: Readable<DocumentFacts>
  /** Takes back own edits only. */
  undo: Y.UndoManager
  /** Own edits come from `origin`: undo takes them back. The answer ends that. */
  ownOrigin: (origin: unknown) => () => void
  bring: (edits: Brought) => void
  /** The store that holds what waits, if there is one. */
  storeName: () => string | null
  /** The page is about to go: a store in which nothing waits goes with it. */
  leaveNothing: () => void
  /** The text as the runner last held all of it, to carry edits into a new history. */
  settledText: () => string
  dispose: () => void
}

/** Origin of edits that an earlier page had kept. */
const broughtHome = 'brought home'
/** Edits within this time are one step of undo. */
const undoStepMs = 500
/** Milliseconds after which a text that has not come is spoken of: before, people would only see words flicker. */
const lateMs = 1_000

export function openDocument(plan: DocumentPlan): OpenDocument {
  return new JoinedDocument(plan)
}

class JoinedDocument implements OpenDocument {
  readonly id: string
  readonly epoch: string
  readonly doc = new Y.Doc()
  readonly text = this.doc.getText('content')
  readonly facts = createStore(atFirst)
  readonly undo = new Y.UndoManager(this.text, { captureTimeout: undoStepMs, trackedOrigins: new Set() })
  readonly room: Room
  readonly #plan: DocumentPlan
  readonly #scope = createScope()
  readonly #takeBack = new TakeBack(this.text, this.undo)
  readonly #progress = new Progress(() => this.#moved())
  readonly #keeping: Keeping | null
  #settled = ''
  /** How many edits the change being made stands for. */
  #counts = 1

  constructor(plan: DocumentPlan) {
    this.id = plan.doc
    this.epoch = plan.epoch
    this.#plan = plan
    this.#keeping = this.#keep(plan)
    this.#scope.add(() => this.doc.destroy())
    this.#scope.add(() => this.undo.destroy())
    this.#scope.add(() => this.#takeBack.dispose())
    // Before the provider's own listener, so that an edit is known before its frame is counted.
    this.doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin !== this.room.provider) this.#edited()
    })
    this.room = joinRoom({
      doors: plan.doors,
      name: `${plan.repl}/${plan.doc}/${plan.epoch}`,
      doc: this.doc,
      events: this.#roomEvents(),
    })
    this.#scope.add(this.room.dispose)
    const late = setTimeout(() => this.#set({ isLate: !this.facts.get().hasText }), lateMs)
    this.#scope.add(() => clearTimeout(late))
    this.#scope.add(() => this.#keeping?.dispose())
  }

  readonly dispose = (): void => this.#scope.dispose()
  readonly settledText = (): string => this.#settled
  readonly storeName = (): string | null => this.#keeping?.name ?? null
  readonly leaveNothing = (): void => this.#keeping?.leaveNothing()

  readonly ownOrigin = (origin: unknown): (() => void) => {
    this.undo.addTrackedOrigin(origin)
    this.#takeBack.track(origin)
    return () => {
      this.undo.removeTrackedOrigin(origin)
      this.#takeBack.untrack(origin)
    }
  }

  readonly bring = ({ update, waiting, base }: Brought): void => {
    if (!this.facts.get().hasText) this.#settled = base
    this.#counts = Math.max(1, waiting)
    Y.applyUpdate(this.doc, update, broughtHome)
    this.#counts = 1
    // A store begins with the whole text, so that it can be read before the room is here.
    if (this.doc.store.pendingStructs === null) this.#set({ hasText: true, isLate: false })
  }

  #set(change: Partial<DocumentFacts>): void {
    this.facts.update((now) => ({ ...now, ...change }))
  }

  #keep({ keep, path }: DocumentPlan): Keeping | null {
    if (keep === null) return null
    return new Keeping({
      open: () => keep(this.doc),
      now: () => ({ path: path(), waiting: this.#progress.waiting().unsaved, base: this.#settled }),
      kept: (isKept) => this.#set({ isKept }),
    })
  }

  #edited(): void {
    this.#takeBack.made(this.#progress.edited(this.#counts))
    this.#keeping?.edited()
    if (this.#keeping === null) this.#set({ isKept: false })
  }

  #moved(): void {
    const waiting = this.#progress.waiting()
    if (waiting.unsaved === 0 && this.facts.get().hasText) this.#settled = this.text.toString()
    this.#takeBack.arrived(this.#progress.oldest())
    this.#set(waiting.unsaved === 0 ? { waiting, isKept: true } : { waiting })
    this.#keeping?.changed()
  }

  #roomEvents(): RoomEvents {
    return {
      opened: () => this.#progress.opened(),
      away: () => {
        this.#progress.closed()
        this.#set({ awaySince: this.facts.get().awaySince ?? Date.now() })
      },
      sent: (kind) => {
        // The relay asks for our part last: only then has all it knows come, its state and what followed it.
        if (kind === 'step2') this.#set({ hasText: true, isLate: false, awaySince: null })
        this.#progress.frameSent(kind)
      },
      told: (logged, saved) => this.#progress.told(logged, saved),
      notice: (notice) => this.#told(notice),
      closed: (code, reason) =>
        this.#set({
          closed: { code, say: reason || (closedWords.get(code) ?? 'The server closed this file.') },
        }),
    }
  }

  #told(notice: RoomNotice): void {
    if (notice.kind === 'live') this.#set({ readOnly: null, runnerAway: null })
    if (notice.kind === 'waiting') this.#set({ runnerAway: notice.say })
    if (notice.kind === 'read-only') this.#set({ readOnly: notice.say })
    if (notice.kind === 'alarm') this.#set({ alarm: notice.say })
    if (notice.kind === 'refused') this.#refused(notice)
  }

  #refused({ frame, say }: Extract<RoomNotice, { kind: 'refused' }>): void {
    const ids = this.#progress.editsIn(frame)
    if (this.#takeBack.takeBack(ids)) this.#plan.refused(say)
    this.#progress.forget(frame)
  }
}
