// Brings a document into memory: from its snapshot and the log, or, for a file that never was one, as a new history.
// Only here does a document get its first text. Which documents are open is documents.ts.
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import * as Y from 'yjs'
import { AppError } from '../../protocol/errors.ts'
import type { Disk } from '../durable.ts'
import { newDocId, newEpoch } from '../../protocol/ids.ts'
import { readContent, seenIn, sha256Of, type Content, type FileDeps } from '../workspace/ingest.ts'
import { changed, contentName, LiveDocument } from './document.ts'
import { copyOf, rebuild, type Rebuilt } from './history.ts'
import { encodeIntent, type TextForm } from './intent.ts'
import { recordKind } from './records.ts'
import type { Known, Register } from './register.ts'
import { readSnapshot } from './snapshot.ts'

export type OpeningDeps = FileDeps & {
  register: Register
  disk: Disk
  /** Folder of the snapshots. */
  snapshots: string
  logger: Logger
  onEdit: (document: LiveDocument) => void
}
/** An empty path: there is no file. */
type At = Known & { path: string }

/** Opens what the register knows. A history that cannot be read any more begins anew from the file, under a new epoch. */
export async function openKnown(known: At, deps: OpeningDeps): Promise<LiveDocument> {
  const content = known.path === '' ? null : await readContent(known.path, deps)
  const rebuilt = await fromHistory(known, content, deps).catch((fault: unknown) => {
    deps.logger.error(
      { err: fault, doc: known.doc },
      'a history cannot be read: it begins anew from the file',
    )
    return null
  })
  if (!rebuilt && known.path === '') throw new AppError('not-found', { say: 'This document has no file.' })
  if (!rebuilt) return begin(known.path, { content, id: known.doc, deps })
  // Behind damage lies what we wrote ourselves: a tool's change cannot be told from it, and pages would bring it once more.
  if (deps.log.damage !== null && rebuilt.file === 'changed' && content)
    return begunAfterDamage(known, { rebuilt, content, deps })
  return continued(new LiveDocument({ ...rebuilt, ...namesOf(known) }, deps), { rebuilt, content })
}

/** Begins a new history of a document from its file; whoever held the old one is refused and brings text. */
export async function openAnew(known: At, deps: OpeningDeps): Promise<LiveDocument> {
  const content = await readContent(known.path, deps)
  return begin(known.path, { content, id: known.doc, deps })
}

/**
 * The file's text, and as a first edit what was logged but is not in it. Nothing says any more which of the logged edits were
 * written: those whose text is found in the file were.
 */
async function begunAfterDamage(
  known: At,
  found: { rebuilt: Rebuilt; content: Content; deps: OpeningDeps },
): Promise<LiveDocument> {
  const { content, deps } = found
  const { live, replica } = found.rebuilt
  const document = await begin(known.path, { content, id: known.doc, deps })
  const inFile = document.text
  const unwritten = deps.codec
    .diff(textIn(replica), textIn(live))
    .filter(({ insert }) => insert !== '' && !inFile.includes(insert))
    .map(({ at, insert }) => ({ at, remove: 0, insert }))
  if (unwritten.length === 0) return document
  const merged = copyOf(replica)
  changed(merged, deps.codec.diff(textIn(merged), inFile))
  Y.applyUpdate(merged, changed(replica, unwritten))
  const edit = changed(copyOf(document.live), deps.codec.diff(inFile, textIn(merged)))
  document.receive(edit, '')
  deps.log.flush()
  return document
}

const textIn = (doc: Y.Doc): string => doc.getText(contentName).toString()

/** Makes a file that never was a document into one. */
export async function openNew(path: string, content: Content, deps: OpeningDeps): Promise<LiveDocument> {
  return begin(path, { content, id: newDocId(randomBytes), deps })
}

const namesOf = (known: At) => ({ id: known.doc, epoch: known.epoch, path: known.path })

async function fromHistory(known: At, content: Content | null, deps: OpeningDeps): Promise<Rebuilt | null> {
  const kept = await readSnapshot(deps.snapshots, known.doc)
  // A snapshot of a history that is over says nothing, nor do its records.
  const snapshot = kept?.epoch === known.epoch ? kept : null
  const records = deps.log.recordsOf(known.doc, Math.max(snapshot?.seq ?? 0, known.since ?? 0))
  return rebuild({ snapshot, records }, content?.sha256 ?? null)
}

/** What a tool did to the file meanwhile is taken in by the first look, which reads until it can be believed. */
function continued(
  document: LiveDocument,
  found: { rebuilt: Rebuilt; content: Content | null },
): LiveDocument {
  const { rebuilt, content } = found
  document.catchUp()
  if (rebuilt.file === 'older') document.lags()
  document.gone = content === null
  if (content !== null && rebuilt.file !== 'changed') document.seen = seenIn(content)
  return document
}

/** The first text is in the log, as an update and as an intent, and on the disk before anybody is answered. */
async function begin(
  path: string,
  start: { content: Content | null; id: string; deps: OpeningDeps },
): Promise<LiveDocument> {
  const { id, deps } = start
  const { text, form, sha256 } = textOf(path, start.content, deps)
  const live = new Y.Doc()
  const content = live.getText(contentName)
  if (text !== '') content.insert(0, text)
  const epoch = newEpoch(randomBytes)
  deps.register.name({ doc: id, epoch, path }, deps.log)
  const payload = Y.encodeStateAsUpdate(live)
  const upTo = deps.log.append({ kind: recordKind.update, doc: id, author: '', payload })
  const disk = { upTo, also: [], sha256, form }
  deps.log.append({ kind: recordKind.intent, doc: id, author: '', payload: encodeIntent(disk) })
  await deps.log.sync()
  const document = new LiveDocument({ live, replica: copyOf(live), disk, earlier: [], id, epoch, path }, deps)
  document.gone = start.content === null
  if (start.content) document.seen = seenIn(start.content)
  return document
}

function textOf(
  path: string,
  content: Content | null,
  deps: OpeningDeps,
): { text: string; form: TextForm; sha256: string } {
  const bytes = content?.bytes ?? new Uint8Array(0)
  const decoded = deps.codec.decode(bytes)
  if (decoded.kind === 'text') return { ...decoded, sha256: content?.sha256 ?? sha256Of(bytes) }
  throw new AppError('not-text', { say: `${path} is not a text file.` })
}
