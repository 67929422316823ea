// Widens a change that removes the end of a line, and text with it, to whole lines: what somebody puts between two lines
// meanwhile must not end up inside one. Decides nothing else about changes.
import type { Match } from './myers.ts'

type Texts = { before: string; after: string }

/**
 * `matches` with the gaps between them widened where that is needed. A line end that goes alone, or with blanks (a formatter
 * joins two lines), stays the small change it is: who types in these lines keeps their place.
 */
export function onWholeLines(texts: Texts, matches: readonly Match[]): Match[] {
  const end = { a: texts.before.length, b: texts.after.length, length: 0 }
  const out: Match[] = []
  for (const match of [...matches, end]) {
    let next: Match | null = match
    while (next && tears(texts, out.at(-1), next)) {
      const last = out.pop()
      const head = last && upToLineStart(texts.before, last)
      if (head) out.push(head)
      next = match === end ? end : fromLineStart(texts, next)
      if (!last || head) break
    }
    if (!next) continue
    const anchored = withLineEnd(texts, out.at(-1), next)
    if (anchored.length > 0) out.push(anchored)
  }
  return out
}

/** The line end before `next` stays when both sides of the gap have it: what is typed behind it then stays behind. */
function withLineEnd({ before, after }: Texts, last: Match | undefined, next: Match): Match {
  const { a, b, length } = next
  const from = last ? { a: last.a + last.length, b: last.b + last.length } : { a: 0, b: 0 }
  const isCommon = a > from.a && b > from.b && before[a - 1] === '\n' && after[b - 1] === '\n'
  return isCommon ? { a: a - 1, b: b - 1, length: length + 1 } : next
}

/** True when the gap between two matches holds a line's end and text, and does not begin and end with lines. */
function tears({ before, after }: Texts, last: Match | undefined, next: Match): boolean {
  const from = last ? last.a + last.length : 0
  const isWhole = isLineStart(before, from) && startsLine({ before, after }, next)
  if (isWhole || next.a - from < 2) return false
  const removed = before.slice(from, next.a)
  return removed.includes('\n') && removed.trim() !== ''
}

const isLineStart = (text: string, at: number): boolean => at === 0 || text[at - 1] === '\n'

/** True when `match` begins with a line on both sides, or is the end of both. */
const startsLine = ({ before, after }: Texts, { a, b, length }: Match): boolean =>
  length === 0 || (isLineStart(before, a) && isLineStart(after, b))

/** The part of `match` up to the beginning of its last line; null when there is none. */
function upToLineStart(before: string, match: Match): Match | null {
  const length = before.lastIndexOf('\n', match.a + match.length - 1) + 1 - match.a
  return length > 0 ? { ...match, length } : null
}

/** The part of `match` that begins with a line; null when there is none. */
function fromLineStart(texts: Texts, match: Match): Match | null {
  if (startsLine(texts, match)) return match
  const skip = texts.before.indexOf('\n', match.a) + 1 - match.a
  if (skip <= 0 || skip >= match.length) return null
  return { a: match.a + skip, b: match.b + skip, length: match.length - skip }
}
