// The terminators of a file's lines, one by one: how CRLF, LF and lone CR survive a document that knows only LF.
import type { Change } from './diff.ts'

/** One character per terminator, in order: `n` LF, `w` CRLF, `r` lone CR. */
export type Ends = string

const written: Record<string, string> = { n: '\n', w: '\r\n', r: '\r' }
const ending = /\r\n?|\n/g

export const toLf = (text: string): string => (text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text)

/** The terminators of `text` in order. */
export function endsOf(text: string): Ends {
  return Array.from(text.matchAll(ending), ([end]) => (end === '\n' ? 'n' : end === '\r' ? 'r' : 'w')).join(
    '',
  )
}

/** Most frequent terminator, for lines that have no neighbour; LF for a file without any. */
export function commonEnd(ends: Ends): string {
  const count = (end: string) => ends.split(end).length
  return ['n', 'w', 'r'].reduce((best, end) => (count(end) > count(best) ? end : best))
}

/** `ends` as runs ("3n1w"), so that a long file of one kind costs a few characters. */
export function packEnds(ends: Ends): string {
  return ends.replace(/n+|w+|r+/g, (run) => `${run.length}${run.charAt(0)}`)
}

export function unpackEnds(packed: string): Ends {
  return packed.replace(/(\d+)([nwr])/g, (_, count: string, end: string) => end.repeat(Number(count)))
}

/**
 * The terminators of the changed text: a line that stays keeps its own, a new line gets that of the line before it.
 * `before` is the old text (LF only) that `ends` and `changes` belong to.
 */
export function carryEnds(before: string, ends: Ends, changes: readonly Change[]): Ends {
  let out = ''
  let line = 0
  let at = 0
  const keepTo = (to: number) => {
    const lines = countLf(before, at, to)
    out += ends.slice(line, line + lines)
    line += lines
    at = to
  }
  for (const change of changes) {
    keepTo(change.at)
    const neighbour = out === '' ? ends.charAt(line) || 'n' : out.charAt(out.length - 1)
    out += neighbour.repeat(countLf(change.insert, 0, change.insert.length))
    line += countLf(before, at, at + change.remove)
    at += change.remove
  }
  keepTo(before.length)
  return out
}

/** Puts the terminators into an LF-only text; lines beyond `ends` get `spare`. */
export function withEnds(text: string, ends: Ends, spare: string): string {
  const lines = text.split('\n')
  let previous = ''
  return lines
    .map((line, index) => {
      if (index === lines.length - 1) return line
      let end = ends.charAt(index) || spare
      // A lone CR, an empty line and LF would read as one CRLF.
      if (previous === 'r' && line === '' && end === 'n') end = 'w'
      previous = end
      return line + written[end]
    })
    .join('')
}

function countLf(text: string, from: number, to: number): number {
  let count = 0
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count += 1
  return count
}
