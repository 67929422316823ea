// Brings edits that a document's old history never delivered into its new one, as one change of text. It decides no history.
import * as Y from 'yjs'
import { until } from '../store.ts'
import type { OpenDocument } from './document.ts'

export type TextChange = { at: number; remove: number; insert: string }

/** The one region in which `mine` differs from `before`, never cutting a surrogate pair. */
export function regionOf(before: string, mine: string): TextChange {
  let start = 0
  const shortest = Math.min(before.length, mine.length)
  while (start < shortest && before[start] === mine[start]) start += 1
  if (start > 0 && isHighSurrogate(before.charCodeAt(start - 1))) start -= 1
  let end = 0
  while (end < shortest - start && before.at(-1 - end) === mine.at(-1 - end)) end += 1
  if (end > 0 && isLowSurrogate(before.charCodeAt(before.length - end))) end -= 1
  return { at: start, remove: before.length - start - end, insert: mine.slice(start, mine.length - end) }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** Where the change belongs in `now`: the same place when the text around it is still there, else null. */
export function placeIn(now: string, before: string, change: TextChange): TextChange | null {
  const removed = before.slice(change.at, change.at + change.remove)
  if (now.startsWith(before.slice(0, change.at) + removed)) return change
  const tail = before.slice(change.at)
  if (now.endsWith(tail)) return { ...change, at: now.length - tail.length }
  return near(now, before, change)
}

/** Units of text on each side by which a place is known again. */
const contextLength = 48

/** The place that has the same text right around it, when there is one only. */
function near(now: string, before: string, change: TextChange): TextChange | null {
  const from = Math.max(0, change.at - contextLength)
  const around = before.slice(from, change.at + change.remove + contextLength)
  const found = now.indexOf(around)
  if (around === '' || found === -1 || now.includes(around, found + 1)) return null
  return { ...change, at: found + change.at - from }
}

/** What tells later whether the change arrived: it is the only thing that this client ever wrote. */
export type CarryMark = { epoch: string; client: number; clock: number }

export type Carrying = {
  texts: { before: string; mine: string }
  /** Remembers the mark on a disk before the change is made, so that a page that dies between does not make it twice. */
  mark: (mark: CarryMark) => Promise<void>
  say: (words: string) => void
}

/** True when the change of an earlier try is in the document. */
export const hasArrived = (fresh: OpenDocument, mark: CarryMark | null): boolean =>
  mark !== null &&
  mark.epoch === fresh.epoch &&
  mark.clock > 0 &&
  Y.getState(fresh.doc.store, mark.client) >= mark.clock

/** Waits for the text of `fresh` and brings the change into it. */
export async function carryOver(fresh: OpenDocument, { texts, mark, say }: Carrying): Promise<void> {
  if (texts.before === texts.mine) return
  await until(fresh.facts, (facts) => facts.hasText || facts.closed !== null)
  const aside = new Y.Doc()
  Y.applyUpdate(aside, Y.encodeStateAsUpdate(fresh.doc))
  const isPlaced = change(aside.getText('content'), texts)
  const client = aside.clientID
  await mark({ epoch: fresh.epoch, client, clock: Y.getState(aside.store, client) })
  fresh.bring({ update: Y.encodeStateAsUpdate(aside), waiting: 1, base: texts.before })
  aside.destroy()
  say(
    isPlaced
      ? 'This file was replaced. What you had typed was brought over.'
      : 'This file was replaced. What you had typed is at its end.',
  )
}

function change(text: Y.Text, texts: Carrying['texts']): boolean {
  const region = regionOf(texts.before, texts.mine)
  const placed = placeIn(text.toString(), texts.before, region)
  if (placed === null) {
    // Without its surroundings the text goes to the end: nothing that was typed is thrown away.
    if (region.insert.trim() !== '') text.insert(text.length, `\n${region.insert}`)
    return false
  }
  if (placed.remove > 0) text.delete(placed.at, placed.remove)
  if (placed.insert !== '') text.insert(placed.at, placed.insert)
  return true
}
