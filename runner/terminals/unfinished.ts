// The beginning of a sequence or character that is not finished at some place of the output: a picture taken there ends with
// it, so that the rest still means the same. Reads backwards; knows nothing of screens.
import type { Tape } from './tape.ts'

/** A sequence longer than this (a picture in the text) is not followed back. */
const farthestBytes = 256 * 1024
const longestCharacter = 4

/** Bytes from the last introducer before `offset`: call it only where a sequence is open. */
export function unfinishedSequence(tape: Tape, offset: number): Uint8Array {
  const bytes = bytesBefore(tape, offset, farthestBytes)
  const escape = bytes.lastIndexOf(0x1b)
  const single = lastSingle(bytes)
  const from = Math.max(escape, single)
  return from < 0 ? new Uint8Array(0) : bytes.subarray(from)
}

/** The first bytes of a character of several bytes whose rest is still to come. */
export function unfinishedCharacter(tape: Tape, offset: number): Uint8Array {
  const bytes = bytesBefore(tape, offset, longestCharacter - 1)
  for (let back = 1; back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) return back < lengthOf(byte) ? bytes.subarray(bytes.length - back) : new Uint8Array(0)
  }
  return new Uint8Array(0)
}

function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4
  return lead >= 0xe0 ? 3 : 2
}

/** The one-byte introducers (U+0080 to U+009F) are two bytes long in UTF-8. */
function lastSingle(bytes: Buffer): number {
  for (let at = bytes.length - 2; at >= 0; at--) {
    const second = bytes[at + 1] ?? 0
    if (bytes[at] === 0xc2 && second >= 0x80 && second <= 0x9f) return at
  }
  return -1
}

function bytesBefore(tape: Tape, offset: number, most: number): Buffer {
  const parts: Uint8Array[] = []
  let at = Math.max(tape.first, offset - most)
  while (at < offset) {
    const part = tape.read(at, offset - at)
    if (part.length === 0) break
    parts.push(part)
    at += part.length
  }
  return Buffer.concat(parts)
}
