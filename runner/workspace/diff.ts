// The changes that lead from one text to another, few and small: what people typed elsewhere in the file is not touched.
// Exact lines first, then lines that differ in white space only, then words; one big replacement only for unrelated text.
import { align, Census } from './align.ts'
import type { Match, Span } from './myers.ts'
import { firstWordId, linesOf, Numbering, wordsOf, type Pieces } from './pieces.ts'
import { changesOf, tidied, type Change } from './changes.ts'

export type { Change } from './changes.ts'

/** Below this share of kept text two stretches are unrelated: crumbs in common would only tear the new text apart. */
const relatedShare = 0.25

/** Changes at ascending positions of `before`; none touch, and none splits a surrogate pair. */
export function diff(before: string, after: string): Change[] {
  if (before === after) return []
  return changesOf(before, after, tidied(before, after, new Comparison(before, after).matches()))
}

/** One comparison: its texts, and the numberings its stretches share. */
class Comparison {
  readonly #before: string
  readonly #after: string
  readonly #words = new Numbering(firstWordId)
  readonly #wordCensus = new Census()
  #out: Match[] = []

  constructor(before: string, after: string) {
    this.#before = before
    this.#after = after
  }

  matches(): Match[] {
    const whole = { aFrom: 0, aTo: this.#before.length, bFrom: 0, bTo: this.#after.length }
    this.#trimmed(whole, (inner) => this.#byLines(inner))
    return this.#out
  }

  #byLines(span: Span): void {
    const numbering = new Numbering()
    const a = linesOf(this.#before, span.aFrom, span.aTo, numbering)
    const b = linesOf(this.#after, span.bFrom, span.bTo, numbering)
    const lines = { aFrom: 0, aTo: a.ids.length, bFrom: 0, bTo: b.ids.length }
    const census = new Census()
    census.reserve(numbering.distinct)
    const blind = new BlindLines(this.#before, this.#after, { a, b })
    between(align(a.ids, b.ids, lines, census), lines, {
      match: (match) => this.#keep(textOf(match, a, b)),
      gap: (gap) => this.#byBlindLines(gap, { a, b, blind }),
    })
  }

  #byBlindLines(gap: Span, { a, b, blind }: { a: Pieces; b: Pieces; blind: BlindLines }): void {
    if (gap.aTo - gap.aFrom + (gap.bTo - gap.bFrom) === 2) return this.#byWords(spanOf(gap, a, b))
    between(blind.align(gap), gap, {
      match: (match) => {
        for (let line = 0; line < match.length; line += 1) {
          const [x, y] = [match.a + line, match.b + line]
          this.#byWords(spanOf({ aFrom: x, aTo: x + 1, bFrom: y, bTo: y + 1 }, a, b))
        }
      },
      gap: (rest) => this.#byWords(spanOf(rest, a, b)),
    })
  }

  #byWords(span: Span): void {
    this.#trimmed(span, (inner) => {
      const held = this.#out
      this.#out = []
      this.#compareWords(inner)
      const kept = this.#out.reduce((sum, match) => sum + match.length, 0)
      const least = Math.min(inner.aTo - inner.aFrom, inner.bTo - inner.bFrom)
      if (kept >= least * relatedShare) for (const match of this.#out) held.push(match)
      this.#out = held
    })
  }

  #compareWords(span: Span): void {
    const a = wordsOf(this.#before, span.aFrom, span.aTo, this.#words)
    const b = wordsOf(this.#after, span.bFrom, span.bTo, this.#words)
    this.#wordCensus.reserve(this.#words.distinct)
    const words = { aFrom: 0, aTo: a.ids.length, bFrom: 0, bTo: b.ids.length }
    between(align(a.ids, b.ids, words, this.#wordCensus), words, {
      match: (match) => this.#keep(textOf(match, a, b)),
      gap: (gap) => this.#trimmed(spanOf(gap, a, b), () => undefined),
    })
  }

  /** Keeps the common head and tail of a stretch; `inside` compares what is left, when both sides have something left. */
  #trimmed(span: Span, inside: (inner: Span) => void): void {
    let { aFrom, aTo, bFrom, bTo } = span
    while (aFrom < aTo && bFrom < bTo && this.#same(aFrom, bFrom)) [aFrom, bFrom] = [aFrom + 1, bFrom + 1]
    while (aFrom < aTo && bFrom < bTo && this.#same(aTo - 1, bTo - 1)) [aTo, bTo] = [aTo - 1, bTo - 1]
    this.#keep({ a: span.aFrom, b: span.bFrom, length: aFrom - span.aFrom })
    if (aFrom < aTo && bFrom < bTo) inside({ aFrom, aTo, bFrom, bTo })
    this.#keep({ a: aTo, b: bTo, length: span.aTo - aTo })
  }

  #same(a: number, b: number): boolean {
    return this.#before.charCodeAt(a) === this.#after.charCodeAt(b)
  }

  #keep(match: Match): void {
    if (match.length > 0) this.#out.push(match)
  }
}

/** Lines compared without their white space, numbered only where a gap asks for it. */
class BlindLines {
  readonly #texts: { before: string; after: string }
  readonly #lines: { a: Pieces; b: Pieces }
  readonly #numbering = new Numbering(1)
  readonly #census = new Census()
  readonly #ids: { a: Int32Array; b: Int32Array }

  constructor(before: string, after: string, lines: { a: Pieces; b: Pieces }) {
    this.#texts = { before, after }
    this.#lines = lines
    this.#ids = { a: new Int32Array(lines.a.ids.length), b: new Int32Array(lines.b.ids.length) }
  }

  align(gap: Span): Match[] {
    this.#number(this.#texts.before, this.#lines.a, this.#ids.a, [gap.aFrom, gap.aTo])
    this.#number(this.#texts.after, this.#lines.b, this.#ids.b, [gap.bFrom, gap.bTo])
    this.#census.reserve(this.#numbering.distinct)
    return align(this.#ids.a, this.#ids.b, gap, this.#census)
  }

  #number(text: string, lines: Pieces, ids: Int32Array, [from, to]: readonly [number, number]): void {
    for (let line = from; line < to; line += 1) {
      const whole = text.slice(lines.starts[line], lines.starts[line + 1])
      ids[line] = this.#numbering.idOf(whole.replace(/\s+/g, ''))
    }
  }
}

/** Walks matches and the gaps between them, in order. */
function between(
  matches: readonly Match[],
  span: Span,
  visit: { match: (match: Match) => void; gap: (gap: Span) => void },
): void {
  let [aFrom, bFrom] = [span.aFrom, span.bFrom]
  for (const match of matches) {
    if (aFrom < match.a && bFrom < match.b) visit.gap({ aFrom, aTo: match.a, bFrom, bTo: match.b })
    visit.match(match)
    ;[aFrom, bFrom] = [match.a + match.length, match.b + match.length]
  }
  if (aFrom < span.aTo && bFrom < span.bTo) visit.gap({ aFrom, aTo: span.aTo, bFrom, bTo: span.bTo })
}

const startOf = (pieces: Pieces, index: number): number => pieces.starts[index] ?? 0

function textOf(match: Match, a: Pieces, b: Pieces): Match {
  const from = startOf(a, match.a)
  return { a: from, b: startOf(b, match.b), length: startOf(a, match.a + match.length) - from }
}

function spanOf(pieces: Span, a: Pieces, b: Pieces): Span {
  return {
    aFrom: startOf(a, pieces.aFrom),
    aTo: startOf(a, pieces.aTo),
    bFrom: startOf(b, pieces.bFrom),
    bTo: startOf(b, pieces.bTo),
  }
}
