// Cuts text into numbered pieces, lines or words: equal pieces have equal numbers, and unequal ones never.

/** Piece i lies between `starts[i]` and `starts[i + 1]`; `starts` has one entry more than there are pieces. */
export type Pieces = { starts: number[]; ids: number[] }

/** FNV-1a's prime and basis; 30 bits are kept, which V8 holds without a heap object. */
const prime = 0x01000193
const basis = 0x811c9dc5
const bits30 = 0x3fffffff
const lf = 10

const isBlank = (unit: number): boolean => unit === 32 || (unit >= 9 && unit <= 13)

/** Numbers pieces in the order in which they are first seen, from `first` on. `blind`: white space does not count. */
export class Numbering {
  readonly #ids = new Map<number, number>()
  readonly #first: number
  readonly #blind: boolean
  /** Where each number was first seen; a hash alone would take two pieces for one now and then. */
  readonly #texts: string[] = []
  readonly #froms: number[] = []
  readonly #tos: number[] = []

  constructor(kind: { first?: number; blind?: boolean } = {}) {
    this.#first = kind.first ?? 0
    this.#blind = kind.blind ?? false
  }

  /** One more than the highest number given so far. */
  get distinct(): number {
    return this.#first + this.#texts.length
  }

  /** The number of `text` between `from` and `to`. */
  idOf(text: string, from: number, to: number): number {
    for (let hash = this.#hashOf(text, from, to); ; hash = (hash + 1) & bits30) {
      const known = this.#ids.get(hash)
      if (known === undefined) return this.#add(hash, text, { from, to })
      if (this.#isSame(known, text, { from, to })) return known + this.#first
    }
  }

  #add(hash: number, text: string, { from, to }: { from: number; to: number }): number {
    this.#ids.set(hash, this.#texts.length)
    this.#texts.push(text)
    this.#froms.push(from)
    this.#tos.push(to)
    return this.distinct - 1
  }

  #hashOf(text: string, from: number, to: number): number {
    let hash = basis
    for (let at = from; at < to; at += 1) {
      const unit = text.charCodeAt(at)
      if (!this.#blind || !isBlank(unit)) hash = Math.imul(hash ^ unit, prime)
    }
    return (hash ^ (hash >>> 15)) & bits30
  }

  #isSame(known: number, text: string, { from, to }: { from: number; to: number }): boolean {
    const other = this.#texts[known] ?? ''
    let [a, b] = [this.#froms[known] ?? 0, from]
    const end = this.#tos[known] ?? 0
    if (!this.#blind && end - a !== to - b) return false
    for (;;) {
      if (this.#blind) {
        while (a < end && isBlank(other.charCodeAt(a))) a += 1
        while (b < to && isBlank(text.charCodeAt(b))) b += 1
      }
      if (a >= end || b >= to) return a >= end && b >= to
      if (other.charCodeAt(a) !== text.charCodeAt(b)) return false
      a += 1
      b += 1
    }
  }
}

type Stretch = { text: string; from: number; to: number }

/** The lines of a stretch, each with its LF. */
export function linesOf({ text, from, to }: Stretch, numbering: Numbering): Pieces {
  const pieces: Pieces = { starts: [from], ids: [] }
  let at = from
  while (at < to) {
    let end = at
    while (end < to && text.charCodeAt(end) !== lf) end += 1
    end = Math.min(end + 1, to)
    pieces.ids.push(numbering.idOf(text, at, end))
    pieces.starts.push(end)
    at = end
  }
  return pieces
}

/** Numbers below this are single UTF-16 units; words are numbered from here on. */
export const firstWordId = 0x10000

const wordKind = new Uint8Array(128).map((_, unit) => {
  const char = String.fromCharCode(unit)
  if (/\w/.test(char)) return 1
  return char === ' ' || char === '\t' ? 2 : 0
})

/** 1 for a word, 2 for blanks, 0 for a unit on its own. */
const kindAt = (text: string, at: number): number => wordKind[text.charCodeAt(at)] ?? 0

/** Words of ASCII letters, digits and `_`, stretches of blanks, and everything else unit by unit. */
export function wordsOf({ text, from, to }: Stretch, numbering: Numbering): Pieces {
  const pieces: Pieces = { starts: [from], ids: [] }
  let at = from
  while (at < to) {
    const end = endOfWord(text, at, to)
    pieces.ids.push(end === at + 1 ? text.charCodeAt(at) : numbering.idOf(text, at, end))
    pieces.starts.push(end)
    at = end
  }
  return pieces
}

function endOfWord(text: string, from: number, to: number): number {
  const kind = kindAt(text, from)
  if (kind === 0) return from + 1
  for (let end = from + 1; end < to; end += 1) if (kindAt(text, end) !== kind) return end
  return to
}
