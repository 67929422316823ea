// Document → file: the log first, then the file as a whole, never over what a tool wrote in between.
// Runs in the document's lane. Says nothing about when; reading is ingest.ts.
import { contentName, type LiveDocument } from '../documents/document.ts'
import { ingest, readContent, sameVersion, sha256Of, type FileDeps } from './ingest.ts'

/** A tool that writes without a pause is let through this many times before we wait for the next occasion. */
const attempts = 5

/**
 * Brings the file up to the live text. Answers as `ingest`, a file that is missing or no text is not written; or `busy` when
 * a tool was quicker every time.
 */
export async function materialise(
  document: LiveDocument,
  deps: FileDeps,
): Promise<'text' | 'missing' | 'binary' | 'busy'> {
  let isWritten = true
  for (let attempt = 0; document.dirty && attempt < attempts; attempt += 1) {
    const file = await ingest(document, deps)
    if (file !== 'text') return file
    isWritten = await writeOut(document, deps)
  }
  return isWritten ? 'text' : 'busy'
}

/** False when a tool was quicker: the document stays dirty. */
async function writeOut(document: LiveDocument, deps: FileDeps): Promise<boolean> {
  const { form, sha256: before } = document.disk
  const previous = form.eol === 'mixed' ? await readContent(document.path, deps) : null
  if (previous && previous.sha256 !== before) return false
  const bytes = deps.codec.encode(document.text, form, previous?.bytes ?? null)
  const intent = { upTo: deps.log.seq, also: [], sha256: sha256Of(bytes), form }
  const ahead = document.takeAhead()
  document.intend(intent)
  try {
    const isWritten = intent.sha256 === before || (await replace(document, bytes, deps))
    if (isWritten) document.written(ahead, intent)
    else document.notWritten(ahead, null)
    return isWritten
  } catch (fault) {
    document.notWritten(ahead, intent)
    throw fault
  }
}

/** False when the file was not what we last saw of it. */
async function replace(document: LiveDocument, bytes: Uint8Array, deps: FileDeps): Promise<boolean> {
  await deps.log.sync()
  const seen = document.seen
  const base = { sha256: document.disk.sha256, text: document.replica.getText(contentName).toString() }
  const begun = deps.clock.now()
  const stat = await deps.files.write(document.path, bytes, {
    still: (now) => Boolean(now && seen && sameVersion(now, seen.stat)),
    replaced: (old) => document.replaced.keep(old, base, deps.clock.now()),
  })
  if (stat === null) return false
  deps.count.writes += 1
  document.seen = { stat, at: begun }
  return true
}
