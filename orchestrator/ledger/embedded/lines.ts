// The embedded ledger's file format: one checked line a change. Encodes and decodes; touches no disk.
import { crc32 } from 'node:zlib'
import { z } from 'zod'
import { AppError } from '../../../protocol/errors.ts'

/** First line: the format's name and version, and the ledger's version counter when the file was begun. */
export const Heading = z.object({
  format: z.literal('devex-ledger'),
  version: z.literal(1),
  counter: z.number(),
})
export type Heading = z.infer<typeof Heading>

/** One change: key, version, and the value; `gone` without a value. */
export const Line = z.object({
  k: z.string(),
  v: z.number(),
  d: z.unknown().optional(),
  gone: z.literal(true).optional(),
})
export type Line = z.infer<typeof Line>

export function encodeLine(line: Heading | Line): string {
  const json = JSON.stringify(line)
  return `${checksum(json)} ${json}\n`
}

/** Everything whole in `bytes`, and how many bytes that is. A torn last line is left out; damage before it is refused. */
export function decodeLines(bytes: Uint8Array): { heading: Heading; lines: Line[]; goodBytes: number } {
  const parts = splitLines(bytes)
  const decoded = parts.map((part) => decode(part.text))
  const bad = decoded.indexOf(null)
  const good = bad < 0 ? decoded : decoded.slice(0, bad)
  if (bad >= 0 && decoded.slice(bad).some((line) => line !== null)) throw damaged(bad + 1)
  const [first, ...rest] = good
  if (first === undefined) throw damaged(1)
  return {
    heading: Heading.parse(first),
    lines: rest.map((line) => Line.parse(line)),
    goodBytes: parts.slice(0, good.length).reduce((sum, part) => sum + part.bytes, 0),
  }
}

function splitLines(bytes: Uint8Array): { text: string; bytes: number }[] {
  const parts: { text: string; bytes: number }[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(10, at)
    const next = end < 0 ? bytes.length : end + 1
    // A line without its end is torn, whatever its checksum says: the next append would run into it.
    parts.push({
      text: end < 0 ? '' : Buffer.from(bytes.subarray(at, end)).toString('utf8'),
      bytes: next - at,
    })
    at = next
  }
  return parts
}

function decode(text: string): unknown {
  const json = text.slice(9)
  return text.slice(0, 9) === `${checksum(json)} ` ? JSON.parse(json) : null
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0')
}

function damaged(line: number): AppError {
  return new AppError('internal', {
    say: `The ledger is damaged at line ${line}. Put back a copy of ledger.log from a backup, or move it away to begin anew.`,
    log: { line },
  })
}
