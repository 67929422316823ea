// Finds what two runs of numbered items have in common: items that are unique on both sides first (patience), their equal
// neighbours, then the shortest edit where that is short. Knows nothing of lines or words.
import { myers, type Match, type Runs, type Span } from './myers.ts'

/** Edits that the exact search may need within one stretch without unique items; more is left as one change. */
const maxEdits = 64
/** How often a stretch is searched again for items that are unique within it. */
const maxDepth = 6

/** How often each item occurs in the stretch under search; kept between searches so that a search costs its stretch only. */
export class Census {
  #left = new Int32Array(1024)
  #right = new Int32Array(1024)
  #where = new Int32Array(1024)

  /** Room for items numbered below `distinct`. */
  reserve(distinct: number): void {
    if (distinct <= this.#left.length) return
    const size = Math.max(distinct, 2 * this.#left.length)
    this.#left = new Int32Array(size)
    this.#right = new Int32Array(size)
    this.#where = new Int32Array(size)
  }

  /** Pairs of places whose item occurs once on each side, in the order of the left side. */
  uniquePairs(a: readonly number[], b: readonly number[], span: Span): { a: number[]; b: number[] } {
    const [left, right, where] = [this.#left, this.#right, this.#where]
    for (let i = span.aFrom; i < span.aTo; i += 1) bump(left, a[i] ?? 0)
    for (let j = span.bFrom; j < span.bTo; j += 1) {
      bump(right, b[j] ?? 0)
      where[b[j] ?? 0] = j
    }
    const [foundA, foundB]: [number[], number[]] = [[], []]
    for (let i = span.aFrom; i < span.aTo; i += 1) {
      const item = a[i] ?? 0
      if (left[item] !== 1 || right[item] !== 1) continue
      foundA.push(i)
      foundB.push(where[item] ?? 0)
    }
    for (let i = span.aFrom; i < span.aTo; i += 1) left[a[i] ?? 0] = 0
    for (let j = span.bFrom; j < span.bTo; j += 1) right[b[j] ?? 0] = 0
    return { a: foundA, b: foundB }
  }
}

function bump(counts: Int32Array, item: number): void {
  counts[item] = (counts[item] ?? 0) + 1
}

/** Runs that both sides have within `span`, ascending and apart from each other. `census` must have room for every item. */
export function align(runs: Runs, span: Span, census: Census): Match[] {
  return alignAt(runs, span, { census, depth: 0 })
}

/** The search's tools, and how often it has gone into a gap. */
type Search = { census: Census; depth: number }

function alignAt(runs: Runs, span: Span, search: Search): Match[] {
  const { a, b } = runs
  const head = sameHead(a, b, span)
  const rest = { ...span, aFrom: span.aFrom + head, bFrom: span.bFrom + head }
  const tail = sameTail(a, b, rest)
  const inner = { ...rest, aTo: rest.aTo - tail, bTo: rest.bTo - tail }
  const out: Match[] = head > 0 ? [{ a: span.aFrom, b: span.bFrom, length: head }] : []
  if (inner.aFrom < inner.aTo && inner.bFrom < inner.bTo) {
    for (const match of alignInner(runs, inner, search)) out.push(match)
  }
  if (tail > 0) out.push({ a: inner.aTo, b: inner.bTo, length: tail })
  return out
}

function alignInner(runs: Runs, inner: Span, { census, depth }: Search): Match[] {
  const { a, b } = runs
  const size = inner.aTo - inner.aFrom + (inner.bTo - inner.bFrom)
  const anchors = size > 2 && depth < maxDepth ? rising(census.uniquePairs(a, b, inner)) : []
  if (anchors.length === 0) return myers(runs, inner, Math.min(maxEdits, size >> 1)) ?? []
  const out: Match[] = []
  let from = { a: inner.aFrom, b: inner.bFrom }
  const deeper = { census, depth: depth + 1 }
  const fill = (to: { a: number; b: number }) => {
    if (from.a === to.a || from.b === to.b) return
    const gap = { aFrom: from.a, aTo: to.a, bFrom: from.b, bTo: to.b }
    for (const match of alignAt(runs, gap, deeper)) out.push(match)
  }
  for (const anchor of anchors) {
    if (anchor.a < from.a || anchor.b < from.b) continue
    fill(anchor)
    const length = sameHead(a, b, { ...inner, aFrom: anchor.a, bFrom: anchor.b })
    out.push({ ...anchor, length })
    from = { a: anchor.a + length, b: anchor.b + length }
  }
  fill({ a: inner.aTo, b: inner.bTo })
  return out
}

/** The longest choice of pairs that rises on both sides (patience sorting). */
function rising(pairs: { a: readonly number[]; b: readonly number[] }): { a: number; b: number }[] {
  const last = new Int32Array(pairs.a.length)
  const before = new Int32Array(pairs.a.length)
  let piles = 0
  for (let at = 0; at < pairs.b.length; at += 1) {
    const pile = pileFor({ last, piles, values: pairs.b }, pairs.b[at] ?? 0)
    before[at] = pile > 0 ? (last[pile - 1] ?? 0) : -1
    last[pile] = at
    if (pile === piles) piles += 1
  }
  const out: { a: number; b: number }[] = []
  for (let at = piles > 0 ? (last[piles - 1] ?? -1) : -1; at >= 0; at = before[at] ?? -1) {
    out.push({ a: pairs.a[at] ?? 0, b: pairs.b[at] ?? 0 })
  }
  return out.reverse()
}

type Piles = { last: Int32Array; piles: number; values: readonly number[] }

function pileFor({ last, piles, values }: Piles, value: number): number {
  let [low, high] = [0, piles]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[last[middle] ?? 0] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

function sameHead(a: readonly number[], b: readonly number[], span: Span): number {
  const most = Math.min(span.aTo - span.aFrom, span.bTo - span.bFrom)
  let length = 0
  while (length < most && a[span.aFrom + length] === b[span.bFrom + length]) length += 1
  return length
}

function sameTail(a: readonly number[], b: readonly number[], span: Span): number {
  const most = Math.min(span.aTo - span.aFrom, span.bTo - span.bFrom)
  let length = 0
  while (length < most && a[span.aTo - 1 - length] === b[span.bTo - 1 - length]) length += 1
  return length
}
