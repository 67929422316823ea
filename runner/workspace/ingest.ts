// File → document: finds out whether a tool wrote a document's file, and merges what it wrote with what people wrote.
// Runs in the document's lane. Says nothing about when; writing is materialise.ts.
import { createHash } from 'node:crypto'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import type { Clock } from '../documents/clock.ts'
import { contentName, type LiveDocument } from '../documents/document.ts'
import type { Log } from '../documents/log.ts'
import type { Codec, FileStat, Files } from '../documents/ports.ts'

/** A file written this shortly before we looked may be written again without its time changing (ticks of 4 to 10 ms). */
const tickMs = 50
/** A tool that truncates and then writes is given this long, in steps, before an empty or halved file is believed. */
const settleSteps = [30, 70, 200]
/** A file that has just been written is read again after this many milliseconds, this often, until two readings agree. */
const agreeMs = 4
const agreeMost = 5

export type FileDeps = {
  files: Files
  codec: Codec
  log: Log
  clock: Clock
  /** A tool's change was merged into `document`. Already logged. */
  merged: (document: LiveDocument, change: { seq: number; update: Uint8Array }) => void
  /** Counts for health and tests. */
  count: { ingests: number; writes: number }
}

/** `begun`: by our clock before the reading; a turn of ours that comes late after it says nothing of the file. */
export type Content = { bytes: Uint8Array; stat: FileStat; sha256: string; begun: number }

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The file's content, or null when it is not there or too large for a document. */
export async function readContent(
  path: string,
  { files, clock }: Pick<FileDeps, 'files' | 'clock'>,
): Promise<Content | null> {
  const begun = clock.now()
  try {
    const { bytes, stat } = await files.read(path)
    return { bytes, stat, sha256: sha256Of(bytes), begun }
  } catch (fault) {
    if (fault instanceof AppError && (fault.code === 'not-found' || fault.code === 'too-large')) return null
    throw fault
  }
}

/** Merges what a tool wrote, if one did. Answers what the file is: still text, not there, or no text any more. */
export async function ingest(document: LiveDocument, deps: FileDeps): Promise<'text' | 'missing' | 'binary'> {
  const stat = await deps.files.stat(document.path)
  if (stat === null) return 'missing'
  if (stat.size > limits.documentBytes) return 'binary'
  if (document.seen && sameVersion(document.seen.stat, stat) && isOld(document.seen)) return 'text'
  const content = await settledContent(document, deps)
  return content === null ? 'missing' : takeIn(document, content, deps)
}

/** As `ingest`, for a file that has just been read. */
export function takeIn(document: LiveDocument, content: Content, deps: FileDeps): 'text' | 'binary' {
  const { sha256 } = content
  const seen = seenIn(content)
  if (sha256 === document.disk.sha256 || document.wasWritten(sha256)) {
    document.seen = seen
    return 'text'
  }
  const decoded = deps.codec.decode(content.bytes)
  if (decoded.kind === 'binary') return 'binary'
  document.seen = seen
  deps.count.ingests += 1
  const changes = deps.codec.diff(document.replica.getText(contentName).toString(), decoded.text)
  const change = changes.length > 0 ? document.takeFromDisk(changes) : null
  document.found({ sha256, form: decoded.form, seq: change?.seq ?? null })
  deps.log.flush()
  if (change) deps.merged(document, change)
  return 'text'
}

/** What a document remembers of a reading. */
export const seenIn = ({ stat, begun }: Content): { stat: FileStat; at: number } => ({ stat, at: begun })

export function sameVersion(a: FileStat, b: FileStat): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeNs === b.mtimeNs
}

/** True when no later write can have gone unnoticed. */
function isOld(seen: { stat: FileStat; at: number }): boolean {
  return seen.at - seen.stat.mtime > tickMs
}

/** Waits while the file looks like one that somebody has truncated and is about to fill. */
async function settledContent(document: LiveDocument, deps: FileDeps): Promise<Content | null> {
  let content = await steadyContent(document, deps)
  for (const ms of settleSteps) {
    if (content === null || content.sha256 === document.disk.sha256) return content
    const usual = document.seen?.stat.size ?? 0
    if (content.bytes.length > 0 && content.bytes.length * 2 >= usual) return content
    await pause(deps, ms)
    const again = await readContent(document.path, deps)
    if (again !== null && again.sha256 === content.sha256 && content.bytes.length > 0) return again
    content = again
  }
  return content
}

/** A reading that comes between the bytes of somebody's write is neither the old file nor the new one. */
async function steadyContent(document: LiveDocument, deps: FileDeps): Promise<Content | null> {
  let content = await readContent(document.path, deps)
  for (let left = agreeMost; left > 0; left -= 1) {
    if (content === null || content.sha256 === document.disk.sha256) return content
    if (await isSteady(document.path, content, deps)) return content
    await pause(deps, agreeMs)
    const again = await readContent(document.path, deps)
    if (again?.sha256 === content.sha256) return again
    content = again
  }
  return content
}

/** Written well before the reading began, and not since. */
async function isSteady(path: string, { stat, begun }: Content, { files }: FileDeps): Promise<boolean> {
  if (begun - stat.mtime < tickMs) return false
  const after = await files.stat(path)
  return after !== null && sameVersion(stat, after)
}

const pause = ({ clock }: FileDeps, ms: number): Promise<void> =>
  new Promise((resume) => void clock.after(ms, resume))
