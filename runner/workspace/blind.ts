// Lines compared without their white space, numbered only where it is asked for: how a reindented line is known again.
import { align, Census } from './align.ts'
import type { Match, Span } from './myers.ts'
import { Numbering, type Pieces } from './pieces.ts'
import { startOf, type Sides } from './spans.ts'

export class BlindLines {
  readonly #texts: { before: string; after: string }
  readonly #lines: Sides
  readonly #numbering = new Numbering({ blind: true })
  readonly #census = new Census()
  readonly #a: number[] = []
  readonly #b: number[] = []

  constructor(texts: { before: string; after: string }, lines: Sides) {
    this.#texts = texts
    this.#lines = lines
    this.#a = lines.a.ids.map(() => -1)
    this.#b = lines.b.ids.map(() => -1)
  }

  align(gap: Span): Match[] {
    const { before, after } = this.#texts
    for (let line = gap.aFrom; line < gap.aTo; line += 1) {
      if (this.#a[line] === -1) this.#a[line] = this.#idOf(before, this.#lines.a, line)
    }
    for (let line = gap.bFrom; line < gap.bTo; line += 1) {
      if (this.#b[line] === -1) this.#b[line] = this.#idOf(after, this.#lines.b, line)
    }
    this.#census.reserve(this.#numbering.distinct)
    return align({ a: this.#a, b: this.#b }, gap, this.#census)
  }

  #idOf(text: string, lines: Pieces, line: number): number {
    return this.#numbering.idOf(text, startOf(lines, line), startOf(lines, line + 1))
  }
}
