// The bytes of the log: a segment's head and one record. Pure; files are segments.ts and log.ts.
// Segment: "DVXLOG\0" and version (8 bytes), u64 first sequence number, records.
// Record (big-endian): u32 length of what follows the checksum, u32 crc32c of it, u8 kind, 16 bytes document id,
// u64 sequence number, u64 time (ms since 1970), 16 bytes author (zeros: a tool on the disk, or ourselves), payload.
import { crc32c } from './crc32c.ts'

const magic = Uint8Array.of(0x44, 0x56, 0x58, 0x4c, 0x4f, 0x47, 0, 1)
/** Bytes of a segment's head. */
export const segmentHeadBytes = magic.length + 8

/** What a record tells. Payloads: a Yjs update (v1); JSON of Intent, Named, Moved; nothing. */
export const recordKind = { update: 1, intent: 2, named: 3, moved: 4, gone: 5 } as const
export type RecordKind = (typeof recordKind)[keyof typeof recordKind]

export type LogRecord = {
  kind: number
  doc: string
  seq: number
  /** Milliseconds since 1970. */
  time: number
  /** A PersonId, or the empty string for a tool and for ourselves. */
  author: string
  payload: Uint8Array
}

const prefixBytes = 8
const idBytes = 16
const bodyBytes = 1 + idBytes + 8 + 8 + idBytes
/** Bytes of a record without a payload. */
export const leastRecordBytes = prefixBytes + bodyBytes
/** Above this a length is damage, not a record: no update is that large (see limits.collabFrameBytes). */
const longestBody = 64 * 1024 * 1024
const ascii = new TextDecoder('latin1')

export function encodeSegmentHead(firstSeq: number): Uint8Array {
  const head = new Uint8Array(segmentHeadBytes)
  head.set(magic)
  new DataView(head.buffer).setBigUint64(magic.length, BigInt(firstSeq))
  return head
}

/** First sequence number of a segment, or null when these bytes are no segment of ours. */
export function decodeSegmentHead(bytes: Uint8Array): number | null {
  if (bytes.length < segmentHeadBytes || magic.some((byte, at) => bytes[at] !== byte)) return null
  return Number(view(bytes).getBigUint64(magic.length))
}

export function encodeRecord(record: LogRecord): Uint8Array {
  const bytes = new Uint8Array(prefixBytes + bodyBytes + record.payload.length)
  const out = view(bytes)
  out.setUint8(8, record.kind)
  writeId(bytes, 9, record.doc)
  out.setBigUint64(25, BigInt(record.seq))
  out.setBigUint64(33, BigInt(record.time))
  writeId(bytes, 41, record.author)
  bytes.set(record.payload, prefixBytes + bodyBytes)
  out.setUint32(0, bytes.length - prefixBytes)
  out.setUint32(4, crc32c(bytes.subarray(prefixBytes)))
  return bytes
}

/** The record at `at` and where the next begins; null when it is torn or its checksum is wrong. */
export function decodeRecord(bytes: Uint8Array, at: number): { record: LogRecord; next: number } | null {
  if (bytes.length - at < prefixBytes + bodyBytes) return null
  const length = view(bytes).getUint32(at)
  const next = at + prefixBytes + length
  if (length < bodyBytes || length > longestBody || next > bytes.length) return null
  const body = bytes.subarray(at + prefixBytes, next)
  if (crc32c(body) !== view(bytes).getUint32(at + 4)) return null
  return { record: decodeBody(body), next }
}

/** Cheap: false for nearly every place where no record begins. */
export function looksLikeRecord(bytes: Uint8Array, at: number): boolean {
  const kind = bytes[at + prefixBytes] ?? 0
  if (kind < recordKind.update || kind > recordKind.gone) return false
  const length = view(bytes).getUint32(at)
  return length >= bodyBytes && at + prefixBytes + length <= bytes.length
}

function decodeBody(body: Uint8Array): LogRecord {
  const input = view(body)
  return {
    kind: input.getUint8(0),
    doc: readId(body, 1),
    seq: Number(input.getBigUint64(17)),
    time: Number(input.getBigUint64(25)),
    author: readId(body, 33),
    payload: body.subarray(bodyBytes),
  }
}

function writeId(bytes: Uint8Array, at: number, id: string): void {
  for (let i = 0; i < id.length && i < idBytes; i += 1) bytes[at + i] = id.charCodeAt(i)
}

function readId(bytes: Uint8Array, at: number): string {
  return ascii.decode(bytes.subarray(at, at + idBytes)).replace(/\0+$/, '')
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
