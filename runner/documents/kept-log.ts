// What a log object of an overtaken session holds for documents: its people's and tools' updates. Pure; whether they fit is kept.ts.
import * as Y from 'yjs'
import { decodeLogObject } from '../../protocol/log-object.ts'
import { decodeRecord, decodeSegmentHead, looksLikeRecord, recordKind, segmentHeadBytes } from './records.ts'

export type KeptUpdate = { author: string; update: Uint8Array }
/** Updates by document, in their order. `isWhole`: nothing in the log was unreadable. */
export type KeptUpdates = { isWhole: boolean; byDocument: Map<string, KeptUpdate[]> }

export function keptUpdates(log: Uint8Array): KeptUpdates {
  const kept: KeptUpdates = { isWhole: true, byDocument: new Map() }
  if (log.length === 0) return kept
  const pieces = decodeLogObject(log)
  if (pieces === null) return { ...kept, isWhole: false }
  for (const { content } of pieces) readPiece(content, kept)
  return kept
}

/** A piece may begin or end within a record: what was shipped before it ended wherever the file did. */
function readPiece(content: Uint8Array, kept: KeptUpdates): void {
  let at = decodeSegmentHead(content) === null ? 0 : segmentHeadBytes
  while (at < content.length) {
    const found = looksLikeRecord(content, at) ? decodeRecord(content, at) : null
    if (found === null) {
      kept.isWhole = false
      at += 1
      continue
    }
    at = found.next
    const { kind, doc, author, payload } = found.record
    if (kind !== recordKind.update) continue
    kept.byDocument.set(doc, [...(kept.byDocument.get(doc) ?? []), { author, update: payload }])
  }
}

/** Whether `updates` build on nothing that the document of `state` lacks: else it has begun another history since. */
export function fits(state: Uint8Array, updates: readonly KeptUpdate[]): boolean {
  const trial = new Y.Doc()
  try {
    Y.applyUpdate(trial, state)
    for (const { update } of updates) Y.applyUpdate(trial, update)
    return trial.store.pendingStructs === null && trial.store.pendingDs === null
  } catch {
    return false
  } finally {
    trial.destroy()
  }
}
