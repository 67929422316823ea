// One open text document in this page: its Yjs text, its room, its own undo and the way of its edits. It knows no editor.
import * as Y from 'yjs'
import { closeCode } from '../../../protocol/document.ts'
import type { DoorsKeeper } from '../link/doors.ts'
import { joinRoom, type Room } from '../room/room.ts'
import { createScope } from '../scope.ts'
import { createStore, type Readable } from '../store.ts'
import { Progress, type Waiting } from './progress.ts'

export type DocumentFacts = {
  /** The text has come at least once. */
  hasText: boolean
  /** Milliseconds since 1970 since the room is away, null while it is here. */
  awaySince: number | null
  waiting: Waiting
  /** Words when no edits are taken. */
  readOnly: string | null
  /** Words when the runner is away and edits wait in the relay. */
  runnerAway: string | null
  /** The room refused for good: its close code and words. */
  closed: { code: number; say: string } | null
}

const atFirst: DocumentFacts = {
  hasText: false,
  awaySince: null,
  waiting: { unsaved: 0, unlogged: 0 },
  readOnly: null,
  runnerAway: null,
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
  /** An edit was refused; it has been taken back already. */
  refused: (say: string) => void
}

export type OpenDocument = {
  id: string
  epoch: string
  doc: Y.Doc
  text: Y.Text
  room: Room
  facts: Readable<DocumentFacts>
  /** Takes back own edits only; its origins are added by whoever binds an editor. */
  undo: Y.UndoManager
  /** The text as the runner last held all of it, to carry edits into a new history. */
  settledText: () => string
  dispose: () => void
}

/** Edits within this time are one step of undo. */
const undoStepMs = 500

export function openDocument(plan: DocumentPlan): OpenDocument {
  const scope = createScope()
  const doc = new Y.Doc()
  scope.add(() => doc.destroy())
  const text = doc.getText('content')
  const facts = createStore(atFirst)
  const set = (change: Partial<DocumentFacts>): void => facts.update((now) => ({ ...now, ...change }))
  let settled = ''
  const progress = new Progress(() => {
    const waiting = progress.waiting()
    if (waiting.unsaved === 0 && facts.get().hasText) settled = text.toString()
    set({ waiting })
  })
  const undo = new Y.UndoManager(text, { captureTimeout: undoStepMs, trackedOrigins: new Set() })
  scope.add(() => undo.destroy())
  // Before the provider's own listener, so that an edit is known before its frame is counted.
  doc.on('update', (_update: Uint8Array, origin: unknown) => {
    if (origin !== room.provider) progress.edited()
  })
  const room = joinRoom({
    doors: plan.doors,
    name: `${plan.repl}/${plan.doc}/${plan.epoch}`,
    doc,
    events: {
      opened: () => progress.opened(),
      away: () => {
        progress.closed()
        set({ awaySince: Date.now() })
      },
      synced: () => set({ hasText: true, awaySince: null }),
      sent: (kind) => progress.frameSent(kind),
      told: (logged, saved) => progress.told(logged, saved),
      notice: (notice) => {
        if (notice.kind === 'live') set({ readOnly: null, runnerAway: null })
        if (notice.kind === 'waiting') set({ runnerAway: notice.say })
        if (notice.kind === 'read-only') set({ readOnly: notice.say })
        if (notice.kind === 'refused') {
          undo.undo()
          plan.refused(notice.say)
        }
      },
      closed: (code, reason) =>
        set({ closed: { code, say: reason || (closedWords.get(code) ?? 'The server closed this file.') } }),
    },
  })
  scope.add(room.dispose)
  return {
    id: plan.doc,
    epoch: plan.epoch,
    doc,
    text,
    room,
    facts,
    undo,
    settledText: () => settled,
    dispose: scope.dispose,
  }
}
