// From what two texts have in common to the changes between them: joins, drops crumbs, keeps to whole characters.
import type { Match } from './myers.ts'
import { onWholeLines } from './whole-lines.ts'

/** At `at` in the old text `remove` UTF-16 units go and `insert` comes. */
export type Change = { at: number; remove: number; insert: string }

/** A kept stretch shorter than this between two larger changes is a coincidence: one change reads better than two. */
const crumb = 4

/** The text that `changes` (ascending) make of `before`. */
export function applyChanges(before: string, changes: readonly Change[]): string {
  let out = ''
  let at = 0
  for (const change of changes) {
    out += before.slice(at, change.at) + change.insert
    at = change.at + change.remove
  }
  return out + before.slice(at)
}

/** `matches` joined where they touch, without crumbs, whole lines kept apart, and never split inside a surrogate pair. */
export function tidied(before: string, after: string, matches: readonly Match[]): Match[] {
  const size = { a: before.length, b: after.length }
  const joined = withoutCrumbs(touching(matches), size)
  return onWholeLines({ before, after }, joined)
    .map((match) => onCharacters(before, after, match))
    .filter((match) => match.length > 0)
}

export function changesOf(before: string, after: string, matches: readonly Match[]): Change[] {
  const changes: Change[] = []
  let [a, b] = [0, 0]
  const end = { a: before.length, b: after.length, length: 0 }
  for (const match of [...matches, end]) {
    if (match.a > a || match.b > b) {
      const change = { at: a, remove: match.a - a, insert: after.slice(b, match.b) }
      const last = changes.at(-1)
      const isLast = match.a + match.length === before.length && match.b + match.length === after.length
      // Up to, not including, the next change: two that touch would be one.
      const room = { from: last ? last.at + last.remove : -1, to: match.a + match.length + (isLast ? 1 : 0) }
      changes.push(toLineStart(before, change, room))
    }
    ;[a, b] = [match.a + match.length, match.b + match.length]
  }
  return changes
}

/** Where a change may stand elsewhere with the same outcome, it is looked this far for the beginning of a line. */
const slideMost = 500

/**
 * The same change where it begins with a line, when it can: `5\nline 1` put into `line 1|7` is the line `line 15` before it.
 * What somebody typed meanwhile between the lines then stays between them. It may go back to `from` and on up to `to`.
 */
function toLineStart(before: string, change: Change, { from, to }: { from: number; to: number }): Change {
  const { at, remove, insert } = change
  const moved = remove === 0 ? insert : insert === '' ? before.slice(at, at + remove) : ''
  const length = moved.length
  if (length === 0) return change
  const isLineStart = (place: number): boolean => place === 0 || before[place - 1] === '\n'
  for (let by = 0; by <= slideMost && at - by > from; by += 1) {
    if (isLineStart(at - by)) return slid(change, moved, -by)
    const leaving = by < length ? moved[length - 1 - by] : before[at - by - 1 + length]
    if (before[at - by - 1] !== leaving) break
  }
  for (let by = 0; by <= slideMost && at + remove + by < to; by += 1) {
    if (isLineStart(at + by)) return slid(change, moved, by)
    const entering = by < length ? moved[by] : before[at + by - length]
    if (before[at + remove + by] !== entering) break
  }
  return change
}

/** Moved on by `by` units; what is inserted turns with it. */
function slid(change: Change, moved: string, by: number): Change {
  const at = change.at + by
  if (change.insert === '') return { ...change, at }
  const turn = ((by % moved.length) + moved.length) % moved.length
  return { at, remove: 0, insert: moved.slice(turn) + moved.slice(0, turn) }
}

function touching(matches: readonly Match[]): Match[] {
  const out: Match[] = []
  for (const match of matches) {
    const last = out.at(-1)
    if (last && last.a + last.length === match.a && last.b + last.length === match.b)
      last.length += match.length
    else out.push({ ...match })
  }
  return out
}

function withoutCrumbs(matches: readonly Match[], size: { a: number; b: number }): Match[] {
  const out: Match[] = []
  let end = { a: 0, b: 0 }
  matches.forEach((match, index) => {
    const next = matches[index + 1] ?? { ...size, length: 0 }
    const before = Math.max(match.a - end.a, match.b - end.b)
    const after = Math.max(next.a - match.a - match.length, next.b - match.b - match.length)
    if (match.length < crumb && match.length <= Math.min(before, after)) return
    out.push(match)
    end = { a: match.a + match.length, b: match.b + match.length }
  })
  return out
}

function onCharacters(before: string, after: string, match: Match): Match {
  let { a, b, length } = match
  if (length > 0 && (splitsPair(before, a) || splitsPair(after, b)))
    [a, b, length] = [a + 1, b + 1, length - 1]
  if (length > 0 && (splitsPair(before, a + length) || splitsPair(after, b + length))) length -= 1
  return { a, b, length }
}

/** True when `at` lies between the halves of one character. */
function splitsPair(text: string, at: number): boolean {
  return isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff
