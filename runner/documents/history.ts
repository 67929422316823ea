// Rebuilds a document from its snapshot and the log: the live state, and the state that its file holds. Pure.
import * as Y from 'yjs'
import { decodeIntent, type Intent } from './intent.ts'
import { recordKind, type LogRecord } from './records.ts'
import type { Snapshot } from './snapshot.ts'

export type Rebuilt = {
  live: Y.Doc
  replica: Y.Doc
  disk: Intent
  /** `same`: the file is the replica. `older`: it is a version from before the snapshot. `changed`: a tool wrote it. */
  file: 'same' | 'older' | 'changed'
  /** Hashes of versions that we wrote before. */
  earlier: string[]
}

/** Hashes kept of earlier versions of a file: those of some minutes of typing. */
export const earlierVersions = 64

type Kept = { snapshot: Snapshot | null; records: LogRecord[] }

/** Null when nothing says what the file held: the document was never whole in the log and has to begin anew. */
export function rebuild(kept: Kept, fileHash: string | null): Rebuilt | null {
  const intents = [
    ...(kept.snapshot ? [kept.snapshot.disk] : []),
    ...kept.records.filter(({ kind }) => kind === recordKind.intent).map((r) => decodeIntent(r.payload)),
  ]
  const newest = intents.at(-1)
  if (!newest) return null
  const live = stateOf(kept, () => true, kept.snapshot?.state)
  const earlier = [...(kept.snapshot?.earlier ?? []), ...intents.map(({ sha256 }) => sha256)]
  const common = { live, earlier: earlier.slice(-earlierVersions) }
  const same = intents.findLast(({ sha256 }) => sha256 === fileHash)
  if (same) return { ...common, replica: replicaAt(kept, same), disk: same, file: 'same' }
  if (fileHash !== null && earlier.includes(fileHash))
    return { ...common, replica: copyOf(live), disk: { ...newest, sha256: fileHash }, file: 'older' }
  return { ...common, replica: replicaAt(kept, newest), disk: newest, file: 'changed' }
}

/** An intent from before the snapshot can only be the one whose state the snapshot keeps apart. */
function replicaAt(kept: Kept, intent: Intent): Y.Doc {
  const { snapshot } = kept
  const base = snapshot && intent.upTo < snapshot.seq ? (snapshot.replica ?? snapshot.state) : snapshot?.state
  const also = new Set(intent.also)
  return stateOf(kept, ({ seq }) => seq <= intent.upTo || also.has(seq), base)
}

/** One transaction for all: merging the updates first would cost seconds where this costs milliseconds. */
function stateOf(kept: Kept, wanted: (record: LogRecord) => boolean, base: Uint8Array | undefined): Y.Doc {
  const doc = new Y.Doc()
  doc.transact(() => {
    if (base) Y.applyUpdate(doc, base)
    for (const record of kept.records)
      if (record.kind === recordKind.update && wanted(record)) Y.applyUpdate(doc, record.payload)
  })
  return doc
}

export function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}
