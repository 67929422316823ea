// Cuts text into numbered pieces, lines or words: equal pieces have equal numbers. Unequal ones may share a number by a rare
// accident of hashing, so that whoever keeps a pair compares it.

/** Piece i lies between `starts[i]` and `starts[i + 1]`; `starts` has one entry more than there are pieces. */
export type Pieces = { starts: number[]; ids: number[] }
export type Stretch = { text: string; from: number; to: number }

/** Numbers hashes in the order in which they are first seen, from `first` on. */
export class Numbering {
  readonly #ids = new Map<number, number>()
  #next: number

  constructor(first = 0) {
    this.#next = first
  }

  /** One more than the highest number given so far. */
  get distinct(): number {
    return this.#next
  }

  idOf(hash: number): number {
    const known = this.#ids.get(hash)
    if (known !== undefined) return known
    this.#ids.set(hash, this.#next)
    this.#next += 1
    return this.#next - 1
  }
}

/** FNV-1a's prime and basis; 30 bits are kept, which V8 holds without a heap object. */
const prime = 0x01000193
const basis = 0x811c9dc5
const bits30 = 0x3fffffff
const lf = 10

const isBlank = (unit: number): boolean => unit === 32 || (unit >= 9 && unit <= 13)

function hashOf({ text, from, to }: Stretch, blind: boolean): number {
  let hash = basis
  for (let at = from; at < to; at += 1) {
    const unit = text.charCodeAt(at)
    if (!blind || !isBlank(unit)) hash = Math.imul(hash ^ unit, prime)
  }
  return (hash ^ (hash >>> 15)) & bits30
}

/** The lines of a stretch, each with its LF. */
export function linesOf({ text, from, to }: Stretch, numbering: Numbering): Pieces {
  const pieces: Pieces = { starts: [from], ids: [] }
  let at = from
  while (at < to) {
    let end = at
    while (end < to && text.charCodeAt(end) !== lf) end += 1
    end = Math.min(end + 1, to)
    pieces.ids.push(numbering.idOf(hashOf({ text, from: at, to: end }, false)))
    pieces.starts.push(end)
    at = end
  }
  return pieces
}

/** Number of a line without its white space. */
export function blindId(line: Stretch, numbering: Numbering): number {
  return numbering.idOf(hashOf(line, true))
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
    const end = endOfWord({ text, from: at, to })
    pieces.ids.push(
      end === at + 1 ? text.charCodeAt(at) : numbering.idOf(hashOf({ text, from: at, to: end }, false)),
    )
    pieces.starts.push(end)
    at = end
  }
  return pieces
}

function endOfWord({ text, from, to }: Stretch): number {
  const kind = kindAt(text, from)
  if (kind === 0) return from + 1
  for (let end = from + 1; end < to; end += 1) if (kindAt(text, end) !== kind) return end
  return to
}
