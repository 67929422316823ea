// Bytes of a file ↔ the LF-only text of its document, byte for byte both ways. Decides what is text; reads no disk.
import { commonEnd, carryEnds, endsOf, packEnds, toLf, unpackEnds, withEnds } from './lines.ts'
import { diff } from './diff.ts'

type Encoding = 'utf8' | 'utf16le' | 'utf16be'

/** Everything about a text file that its document does not hold. JSON-serialisable. */
export type TextForm = {
  bom: boolean
  encoding: Encoding
  /** `mixed`: not all lines end alike, or some with a lone CR. */
  eol: 'lf' | 'crlf' | 'mixed'
  /** For `mixed` only: each line's terminator, as runs (see lines.ts). */
  ends?: string
}

export type Decoded = { kind: 'text'; text: string; form: TextForm } | { kind: 'binary' }

const marks: Record<Encoding, Uint8Array> = {
  utf8: Uint8Array.of(0xef, 0xbb, 0xbf),
  utf16le: Uint8Array.of(0xff, 0xfe),
  utf16be: Uint8Array.of(0xfe, 0xff),
}
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const strictUtf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true })

/** Text is valid UTF-8, or UTF-16 with its mark, without NUL; everything else is binary. */
export function decode(bytes: Uint8Array): Decoded {
  const encoding = startsWith(bytes, marks.utf16le)
    ? 'utf16le'
    : startsWith(bytes, marks.utf16be)
      ? 'utf16be'
      : 'utf8'
  const bom = startsWith(bytes, marks[encoding])
  const raw = decodeAs(encoding, bom ? bytes.subarray(marks[encoding].length) : bytes)
  if (raw === null) return { kind: 'binary' }
  if (!raw.includes('\r')) return { kind: 'text', text: raw, form: { bom, encoding, eol: 'lf' } }
  return { kind: 'text', text: toLf(raw), form: { bom, encoding, ...endings(raw) } }
}

/**
 * The bytes of `text` in `form`. `previous` are the bytes now on disk: with them, in a file of mixed line ends, each line that
 * did not change keeps its own terminator and a new line takes its neighbour's.
 */
export function encode(text: string, form: TextForm, previous?: Uint8Array): Uint8Array {
  const bytes = encodeAs(form.encoding, terminated(toLf(text), form, previous))
  if (!form.bom) return bytes
  const mark = marks[form.encoding]
  const out = new Uint8Array(mark.length + bytes.length)
  out.set(mark)
  out.set(bytes, mark.length)
  return out
}

function terminated(text: string, form: TextForm, previous: Uint8Array | undefined): string {
  if (form.eol === 'lf') return text
  if (form.eol === 'crlf') return text.replaceAll('\n', '\r\n')
  const before = previous === undefined ? undefined : decode(previous)
  if (before?.kind !== 'text') {
    const ends = unpackEnds(form.ends ?? '')
    return withEnds(text, ends, commonEnd(ends))
  }
  const ends = allEnds(before.text, before.form)
  return withEnds(text, carryEnds(before.text, ends, diff(before.text, text)), commonEnd(ends))
}

function allEnds(text: string, form: TextForm): string {
  if (form.ends !== undefined) return unpackEnds(form.ends)
  return (form.eol === 'crlf' ? 'w' : 'n').repeat(text.split('\n').length - 1)
}

function endings(raw: string): Pick<TextForm, 'eol' | 'ends'> {
  const unlike = /\r(?!\n)|(?<!\r)\n/
  return unlike.test(raw) ? { eol: 'mixed', ends: packEnds(endsOf(raw)) } : { eol: 'crlf' }
}

function decodeAs(encoding: Encoding, bytes: Uint8Array): string | null {
  try {
    if (encoding === 'utf8') return bytes.includes(0) ? null : strictUtf8.decode(bytes)
    const text = strictUtf16.decode(encoding === 'utf16le' ? bytes : swapped(bytes))
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

function encodeAs(encoding: Encoding, text: string): Uint8Array {
  if (encoding === 'utf8') return Buffer.from(text, 'utf8')
  // Through UTF-8, so that half a surrogate pair becomes U+FFFD there too and never makes the file binary.
  const little = Buffer.from(Buffer.from(text, 'utf8').toString('utf8'), 'utf16le')
  return encoding === 'utf16le' ? little : swapped(little)
}

/** The bytes of each pair exchanged; an odd last byte stays, and makes the text invalid. */
function swapped(bytes: Uint8Array): Uint8Array {
  const out = Uint8Array.from(bytes)
  for (let at = 0; at + 1 < out.length; at += 2) {
    out[at] = bytes[at + 1] ?? 0
    out[at + 1] = bytes[at] ?? 0
  }
  return out
}

function startsWith(bytes: Uint8Array, head: Uint8Array): boolean {
  return head.every((byte, index) => bytes[index] === byte)
}
