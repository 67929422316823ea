// The changes that lead from one text to another, few and small: what people typed elsewhere in the file is not touched.
// Exact lines first, then lines that differ in white space only, then words; one big replacement only for unrelated text.
import { align, Census } from './align.ts'
import { BlindLines } from './blind.ts'
import { changesOf, tidied, type Change } from './changes.ts'
import type { Match, Span } from './myers.ts'
import { firstWordId, linesOf, Numbering, wordsOf } from './pieces.ts'
import { between, countOf, isPair, lineSpan, spanOf, startOf, textOf, type Sides } from './spans.ts'

export type { Change } from './changes.ts'

/** Below this share of kept text two stretches are unrelated: crumbs in common would only tear the new text apart. */
const relatedShare = 0.25
/** With fewer exact lines than this share, white space may have changed everywhere: exact lines would then mislead. */
const mostlyExact = 0.5
/** How many more lines must match without white space for that way to be taken. */
const blindGain = 1.5

/** Lines that are looked at to see whether two stretches of equal length belong together line by line. */
const sampledLines = 16
/** One line more or less for this many may be missing at the end. */
const unevenShare = 8
/** Shorter stretches are changed as a whole: there is nothing in them worth keeping apart. */
const wordCrumb = 4
/** Share of the sample's text, in whole words, that both must have: half of it could be the language's own words. */
const alikeShare = 0.4

/** Changes at ascending positions of `before`; none touch, and none splits a surrogate pair. */
export function diff(before: string, after: string): Change[] {
  if (before === after) return []
  return changesOf(before, after, tidied(before, after, new Comparison(before, after).matches()))
}

/** One comparison: its texts, and the numberings its stretches share. */
class Comparison {
  readonly #before: string
  readonly #after: string
  readonly #words = new Numbering({ first: firstWordId })
  readonly #wordCensus = new Census()
  #out: Match[] = []

  constructor(before: string, after: string) {
    this.#before = before
    this.#after = after
  }

  matches(): Match[] {
    const whole = { aFrom: 0, aTo: this.#before.length, bFrom: 0, bTo: this.#after.length }
    const inner = this.#onLines(this.#inner(whole))
    this.#keep({ a: 0, b: 0, length: inner.aFrom })
    this.#byLines(inner)
    this.#keep({ a: inner.aTo, b: inner.bTo, length: whole.aTo - inner.aTo })
    return this.#out
  }

  /** A stretch made longer until it begins and ends with lines: lines are compared whole. */
  #onLines(span: Span): Span {
    const { aFrom, aTo, bFrom, bTo } = span
    const back = aFrom === 0 ? 0 : aFrom - (this.#before.lastIndexOf('\n', aFrom - 1) + 1)
    const isLineEnd = [this.#before[aTo - 1] ?? '\n', this.#after[bTo - 1] ?? '\n'].join('') === '\n\n'
    const next = isLineEnd ? aTo : this.#before.indexOf('\n', aTo) + 1 || this.#before.length
    const on = next - aTo
    return { aFrom: aFrom - back, bFrom: bFrom - back, aTo: aTo + on, bTo: bTo + on }
  }

  #byLines(span: Span): void {
    const numbering = new Numbering()
    const lines = {
      a: linesOf({ text: this.#before, from: span.aFrom, to: span.aTo }, numbering),
      b: linesOf({ text: this.#after, from: span.bFrom, to: span.bTo }, numbering),
    }
    const all = { aFrom: 0, aTo: lines.a.ids.length, bFrom: 0, bTo: lines.b.ids.length }
    const exact = align({ a: lines.a.ids, b: lines.b.ids }, all, censusFor(numbering))
    const blind = new BlindLines({ before: this.#before, after: this.#after }, lines)
    if (countOf(exact) < mostlyExact * Math.min(all.aTo, all.bTo)) {
      const matches = blind.align(all)
      if (countOf(matches) > blindGain * countOf(exact)) return this.#byPairs(matches, all, lines)
    }
    between(exact, all, {
      match: (match) => this.#keep(textOf(match, lines)),
      gap: (gap) => this.#byPairs(isPair(gap) ? [] : blind.align(gap), gap, lines),
    })
  }

  /** Lines that are known to belong together are compared one by one; the rest as stretches. */
  #byPairs(pairs: readonly Match[], gap: Span, lines: Sides): void {
    between(pairs, gap, {
      match: (match) => {
        for (let line = 0; line < match.length; line += 1) {
          this.#byWords(lineSpan(match.a + line, match.b + line, lines))
        }
      },
      gap: (rest) => this.#byPosition(rest, lines),
    })
  }

  /** About as many lines on both sides, alike one by one (a changed column, a semicolon added): each meets its own. */
  #byPosition(gap: Span, lines: Sides): void {
    const [left, right] = [gap.aTo - gap.aFrom, gap.bTo - gap.bFrom]
    const count = Math.min(left, right)
    const even = count > 1 && Math.abs(left - right) * unevenShare <= count
    if (!even || !this.#alike({ ...gap, aTo: gap.aFrom + count, bTo: gap.bFrom + count }, lines)) {
      return this.#byWords(spanOf(gap, lines))
    }
    for (let line = 0; line < count; line += 1) {
      this.#byWords(lineSpan(gap.aFrom + line, gap.bFrom + line, lines))
    }
  }

  /** True when lines of the beginning and of the end, each with the one at its own place, have enough text in common. */
  #alike(gap: Span, lines: Sides): boolean {
    const half = Math.ceil((gap.aTo - gap.aFrom) / 2)
    const [first, second] = [
      { ...gap, aTo: gap.aFrom + half },
      { ...gap, aFrom: gap.aTo - half, bFrom: gap.bTo - half },
    ]
    return [first, second].every((part) => this.#sample(part, lines))
  }

  #sample(gap: Span, lines: Sides): boolean {
    const step = Math.ceil((gap.aTo - gap.aFrom) / sampledLines)
    let [common, all] = [0, 0]
    for (let line = 0; line < gap.aTo - gap.aFrom; line += step) {
      const span = lineSpan(gap.aFrom + line, gap.bFrom + line, lines)
      common += commonLength(this.#wordsOf(span))
      all += Math.max(span.aTo - span.aFrom, span.bTo - span.bFrom)
    }
    return common >= alikeShare * all
  }

  #byWords(span: Span): void {
    this.#trimmed(span, (inner) => {
      if (Math.min(inner.aTo - inner.aFrom, inner.bTo - inner.bFrom) < wordCrumb) return
      const held = this.#out
      this.#out = []
      this.#compareWords(inner)
      const kept = countOf(this.#out)
      const least = Math.min(inner.aTo - inner.aFrom, inner.bTo - inner.bFrom)
      if (kept >= least * relatedShare) for (const match of this.#out) held.push(match)
      this.#out = held
    })
  }

  #compareWords(span: Span): void {
    const words = this.#wordsOf(span)
    this.#wordCensus.reserve(this.#words.distinct)
    const all = { aFrom: 0, aTo: words.a.ids.length, bFrom: 0, bTo: words.b.ids.length }
    between(align({ a: words.a.ids, b: words.b.ids }, all, this.#wordCensus), all, {
      match: (match) => this.#keep(textOf(match, words)),
      gap: (gap) => this.#trimmed(spanOf(gap, words), () => undefined),
    })
  }

  #wordsOf(span: Span): Sides {
    return {
      a: wordsOf({ text: this.#before, from: span.aFrom, to: span.aTo }, this.#words),
      b: wordsOf({ text: this.#after, from: span.bFrom, to: span.bTo }, this.#words),
    }
  }

  /** Keeps the common head and tail of a stretch; `inside` compares what is left, when both sides have something left. */
  #trimmed(span: Span, inside: (inner: Span) => void): void {
    const inner = this.#inner(span)
    this.#keep({ a: span.aFrom, b: span.bFrom, length: inner.aFrom - span.aFrom })
    if (inner.aFrom < inner.aTo && inner.bFrom < inner.bTo) inside(inner)
    this.#keep({ a: inner.aTo, b: inner.bTo, length: span.aTo - inner.aTo })
  }

  #inner(span: Span): Span {
    let { aFrom, aTo, bFrom, bTo } = span
    while (aFrom < aTo && bFrom < bTo && this.#same(aFrom, bFrom)) {
      aFrom += 1
      bFrom += 1
    }
    while (aFrom < aTo && bFrom < bTo && this.#same(aTo - 1, bTo - 1)) {
      aTo -= 1
      bTo -= 1
    }
    return { aFrom, aTo, bFrom, bTo }
  }

  #same(a: number, b: number): boolean {
    return this.#before.charCodeAt(a) === this.#after.charCodeAt(b)
  }

  #keep(match: Match): void {
    if (match.length > 0) this.#out.push(match)
  }
}

function censusFor(numbering: Numbering): Census {
  const census = new Census()
  census.reserve(numbering.distinct)
  return census
}

/** How much text the words of both sides have in common, in whatever order. */
function commonLength({ a, b }: Sides): number {
  const left = new Map<number, number>()
  for (const id of a.ids) left.set(id, (left.get(id) ?? 0) + 1)
  let common = 0
  b.ids.forEach((id, index) => {
    const count = left.get(id) ?? 0
    if (count === 0) return
    left.set(id, count - 1)
    common += startOf(b, index + 1) - startOf(b, index)
  })
  return common
}
