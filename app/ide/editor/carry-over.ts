// Brings edits that a document's old history never delivered into its new one, as one change of text. It decides no history.
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
  return now.endsWith(tail) ? { ...change, at: now.length - tail.length } : null
}

export async function carryOver(
  fresh: OpenDocument,
  texts: { before: string; mine: string },
  say: (words: string) => void,
): Promise<void> {
  if (texts.before === texts.mine) return
  await until(fresh.facts, (facts) => facts.hasText || facts.closed !== null)
  const change = regionOf(texts.before, texts.mine)
  const placed = placeIn(fresh.text.toString(), texts.before, change)
  // Without its surroundings the text goes to the end: nothing that was typed is thrown away.
  const { at, remove, insert } = placed ?? { at: fresh.text.length, remove: 0, insert: `\n${change.insert}` }
  fresh.doc.transact(() => {
    if (remove > 0) fresh.text.delete(at, remove)
    if (insert !== '') fresh.text.insert(at, insert)
  })
  say(
    placed === null
      ? 'This file was replaced. What you had typed is at its end.'
      : 'This file was replaced. What you had typed was brought over.',
  )
}
