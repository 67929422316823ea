// Cuts text into numbered pieces, lines or words, so that equal pieces have equal numbers.

/** Piece i is `text.slice(starts[i], starts[i + 1])`; `starts` has one entry more than there are pieces. */
export type Pieces = { starts: Int32Array; ids: Int32Array }

/** Numbers texts in the order in which they are first seen, from `first` on. */
export class Numbering {
  readonly #ids = new Map<string, number>()
  #next: number

  constructor(first = 0) {
    this.#next = first
  }

  /** One more than the highest number given so far. */
  get distinct(): number {
    return this.#next
  }

  idOf(piece: string): number {
    const known = this.#ids.get(piece)
    if (known !== undefined) return known
    this.#ids.set(piece, this.#next)
    this.#next += 1
    return this.#next - 1
  }
}

/** The lines of `text` between `from` and `to`, each with its LF. */
export function linesOf(text: string, from: number, to: number, numbering: Numbering): Pieces {
  const starts: number[] = [from]
  const ids: number[] = []
  let at = from
  while (at < to) {
    const lf = text.indexOf('\n', at)
    const end = lf === -1 || lf >= to ? to : lf + 1
    ids.push(numbering.idOf(text.slice(at, end)))
    starts.push(end)
    at = end
  }
  return { starts: Int32Array.from(starts), ids: Int32Array.from(ids) }
}

/** Numbers below this are single UTF-16 units; longer words are numbered from here on. */
export const firstWordId = 0x10000

const kindOfUnit = new Uint8Array(128).map((_, unit) => {
  const char = String.fromCharCode(unit)
  if (/\w/.test(char)) return 1
  return char === ' ' || char === '\t' ? 2 : 0
})

/** Words of ASCII letters, digits and `_`, stretches of blanks, and everything else unit by unit. */
export function wordsOf(text: string, from: number, to: number, numbering: Numbering): Pieces {
  const starts: number[] = [from]
  const ids: number[] = []
  let at = from
  while (at < to) {
    const unit = text.charCodeAt(at)
    const kind = unit < 128 ? (kindOfUnit[unit] ?? 0) : 0
    let end = at + 1
    while (kind !== 0 && end < to && kindOfUnit[text.charCodeAt(end)] === kind) end += 1
    ids.push(end === at + 1 ? unit : numbering.idOf(text.slice(at, end)))
    starts.push(end)
    at = end
  }
  return { starts: Int32Array.from(starts), ids: Int32Array.from(ids) }
}
