// Takes in what a program wrote into a file of ours that had lost its name by then: it is merged as another's edit and reaches
// the file that has the name now. Runs in the document's lane.
import * as Y from 'yjs'
import { changed, contentName, type LiveDocument } from '../documents/document.ts'
import { copyOf } from '../documents/history.ts'
import { sha256Of, type FileDeps } from './ingest.ts'
import type { Leftover } from './replaced.ts'

/** Gives true when there was something. */
export function takeLeftovers(document: LiveDocument, deps: FileDeps): boolean {
  let found = false
  for (const leftover of document.replaced.changed(deps.clock.now())) {
    const sha256 = sha256Of(leftover.bytes)
    const text = textOf(leftover, deps)
    if (text !== null && sha256 !== leftover.base.sha256)
      found = merge(document, { leftover, text, deps }) || found
    // Half a character, perhaps: it is compared with the same again when the rest comes.
    leftover.taken(text === null ? leftover.base : { sha256, size: leftover.bytes.length, text })
  }
  if (found) deps.log.flush()
  return found
}

function textOf({ bytes }: Leftover, deps: FileDeps): string | null {
  const decoded = deps.codec.decode(bytes)
  return decoded.kind === 'text' ? decoded.text : null
}

type Found = { leftover: Leftover; text: string; deps: FileDeps }

/** False when it says nothing new. */
function merge(document: LiveDocument, found: Found): boolean {
  const live = document.text
  const merged = mergedText(live, found)
  const changes = found.deps.codec.diff(live, merged)
  if (changes.length === 0) return false
  const update = changed(copyOf(document.live), changes)
  const seq = document.receive(update, '')
  found.deps.merged(document, { seq, update })
  return true
}

/** People's edits and the program's, both made to what the file held when its name was taken. */
function mergedText(live: string, { leftover, text, deps }: Found): string {
  const { base } = leftover
  if (base.text === null) return live + added(leftover, deps)
  const [theirs, ours] = [docOf(base.text), new Y.Doc()]
  Y.applyUpdate(ours, Y.encodeStateAsUpdate(theirs))
  changed(ours, deps.codec.diff(base.text, live))
  Y.applyUpdate(ours, changed(theirs, deps.codec.diff(base.text, text)))
  return ours.getText(contentName).toString()
}

/** What was added at the end, when everything before it is as it was; else nothing can be told. */
function added({ base, bytes }: Leftover, deps: FileDeps): string {
  if (sha256Of(bytes.subarray(0, base.size)) !== base.sha256) return ''
  const end = deps.codec.decode(bytes.subarray(base.size))
  return end.kind === 'text' ? end.text : ''
}

function docOf(text: string): Y.Doc {
  const doc = new Y.Doc()
  doc.getText(contentName).insert(0, text)
  return doc
}
