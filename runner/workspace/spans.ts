// From numbered pieces back to places in the texts, and the walk over matches and what lies between them.
import type { Match, Span } from './myers.ts'
import type { Pieces } from './pieces.ts'

/** The pieces of both texts, or of a stretch of both. */
export type Sides = { a: Pieces; b: Pieces }

/** Walks matches and the gaps between them, in order. */
export function between(
  matches: readonly Match[],
  span: Span,
  visit: { match: (match: Match) => void; gap: (gap: Span) => void },
): void {
  let [aFrom, bFrom] = [span.aFrom, span.bFrom]
  for (const match of matches) {
    if (aFrom < match.a && bFrom < match.b) visit.gap({ aFrom, aTo: match.a, bFrom, bTo: match.b })
    visit.match(match)
    aFrom = match.a + match.length
    bFrom = match.b + match.length
  }
  if (aFrom < span.aTo && bFrom < span.bTo) visit.gap({ aFrom, aTo: span.aTo, bFrom, bTo: span.bTo })
}

export const countOf = (matches: readonly Match[]): number =>
  matches.reduce((sum, match) => sum + match.length, 0)
export const isPair = (gap: Span): boolean => gap.aTo - gap.aFrom === 1 && gap.bTo - gap.bFrom === 1
export const startOf = (pieces: Pieces, index: number): number => pieces.starts[index] ?? 0

export function lineSpan(a: number, b: number, lines: Sides): Span {
  return spanOf({ aFrom: a, aTo: a + 1, bFrom: b, bTo: b + 1 }, lines)
}

export function textOf(match: Match, { a, b }: Sides): Match {
  const from = startOf(a, match.a)
  return { a: from, b: startOf(b, match.b), length: startOf(a, match.a + match.length) - from }
}

export function spanOf(pieces: Span, { a, b }: Sides): Span {
  return {
    aFrom: startOf(a, pieces.aFrom),
    aTo: startOf(a, pieces.aTo),
    bFrom: startOf(b, pieces.bFrom),
    bTo: startOf(b, pieces.bTo),
  }
}
