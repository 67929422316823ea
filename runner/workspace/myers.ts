// The shortest edit between two runs of numbers, as long as it is short; gives up early otherwise. Knows nothing of text.

/** A run that both sides have: `length` items from `a` on the left equal those from `b` on the right. */
export type Match = { a: number; b: number; length: number }
/** The part of each side that is compared: `from` up to, not including, `to`. */
export type Span = { aFrom: number; aTo: number; bFrom: number; bTo: number }
/** The numbers of both sides. */
export type Runs = { a: readonly number[]; b: readonly number[] }

/**
 * Myers' greedy algorithm (1986) bounded to `maxEdits` insertions and deletions; null when more are needed. Work and memory
 * are within (length + maxEdits) × maxEdits.
 */
export function myers({ a, b }: Runs, span: Span, maxEdits: number): Match[] | null {
  const [n, m] = [span.aTo - span.aFrom, span.bTo - span.bFrom]
  if (Math.abs(n - m) > maxEdits) return null
  const reach = new Int32Array(2 * maxEdits + 3)
  const middle = maxEdits + 1
  const trail: Int32Array[] = []
  for (let edits = 0; edits <= maxEdits; edits += 1) {
    trail.push(reach.slice(middle - edits - 1, middle + edits + 2))
    for (let k = -edits; k <= edits; k += 2) {
      let x = startOf(reach, { middle, k, edits })
      while (x < n && x - k < m && a[span.aFrom + x] === b[span.bFrom + x - k]) x += 1
      reach[middle + k] = x
      if (x >= n && x - k >= m) return walkBack(trail, { n, m }, span)
    }
  }
  return null
}

type Step = { middle: number; k: number; edits: number }

/** True when diagonal `k` is reached further by a step down from k+1 than by one right from k-1. */
function comesDown(reach: Int32Array, at: Step): boolean {
  if (at.k === -at.edits) return true
  return at.k !== at.edits && (reach[at.middle + at.k - 1] ?? 0) < (reach[at.middle + at.k + 1] ?? 0)
}

function startOf(reach: Int32Array, at: Step): number {
  if (at.edits === 0) return 0
  return comesDown(reach, at) ? (reach[at.middle + at.k + 1] ?? 0) : (reach[at.middle + at.k - 1] ?? 0) + 1
}

/** `trail[d]` is what d edits could start from: diagonals -d-1 to d+1. */
function walkBack(trail: readonly Int32Array[], size: { n: number; m: number }, span: Span): Match[] {
  const matches: Match[] = []
  let [x, y] = [size.n, size.m]
  for (let edits = trail.length - 1; edits >= 0; edits -= 1) {
    const reach = trail[edits] ?? new Int32Array(0)
    const step = { middle: edits + 1, k: x - y, edits }
    const start = startOf(reach, step)
    if (x > start) matches.push({ a: span.aFrom + start, b: span.bFrom + start - step.k, length: x - start })
    const down = comesDown(reach, step)
    x = down ? start : start - 1
    y = down ? start - step.k - 1 : start - step.k
  }
  return matches.reverse()
}
