// Reads the log's segments at a start: every whole record in order, a torn tail cut off. Writing is log.ts.
import { open, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Disk } from '../durable.ts'
import {
  decodeRecord,
  decodeSegmentHead,
  leastRecordBytes,
  looksLikeRecord,
  segmentHeadBytes,
} from './records.ts'
import type { LogRecord } from './records.ts'

/** Where a record lies: a segment's name, its first byte and its length there. */
export type Position = { segment: string; at: number; bytes: number; seq: number }
export type Found = { record: LogRecord; position: Position }
type Name = { name: string; generation: number; n: number }

export const segmentName = (generation: number, n: number): string => `${generation}-${n}`

/** The segments of a folder in the order in which they were written. */
export async function listSegments(folder: string): Promise<Name[]> {
  const names = await readdir(folder)
  return names
    .flatMap((name) => {
      const parts = /^(\d+)-(\d+)$/.exec(name)
      return parts ? [{ name, generation: Number(parts[1]), n: Number(parts[2]) }] : []
    })
    .sort((a, b) => a.generation - b.generation || a.n - b.n)
}

type Scan = { folder: string; disk: Disk; logger: Logger }
/** `last` is above every number that may have been given; `damage` says what could not be read, for an operator. */
export type Scanned = { last: number; damage: string | null }

/**
 * Gives every record from `from` on, once and in order. After a failed disk a segment repeats records of the one before it:
 * those are left out. A torn end is cut; damage in the middle is cut as well, kept aside, and told.
 */
export async function scanSegments(
  folder: string,
  options: { from: number; logger: Logger; disk: Disk; found: (found: Found) => void },
): Promise<Scanned> {
  let [last, ceiling] = [0, 0]
  const damaged: string[] = []
  for (const name of await needed(folder, options.from)) {
    const { found, lost } = await readSegment({ ...options, folder }, name)
    for (const one of found) {
      if (one.record.seq <= last) continue
      last = one.record.seq
      if (last >= options.from) options.found(one)
    }
    if (lost === 0) continue
    damaged.push(name)
    // Snapshots may hold numbers that lay behind the damage: none of them may be given twice.
    ceiling = Math.max(ceiling, last + lost)
  }
  const damage = damaged.length === 0 ? null : `The log is damaged in the middle of ${damaged.join(', ')}.`
  return { last: Math.max(last, ceiling), damage }
}

/** Leaves out the segments whose every record is before `from`: those that a later one begins at or before it. */
async function needed(folder: string, from: number): Promise<string[]> {
  const names = (await listSegments(folder)).map(({ name }) => name)
  const firsts = await Promise.all(names.map((name) => firstSeqOf(join(folder, name))))
  return names.filter((_, at) => !firsts.slice(at + 1).some((first) => first !== null && first <= from))
}

/** Number of the first record of a segment; null when it is no segment of ours. */
export async function firstSeqOf(path: string): Promise<number | null> {
  const file = await open(path, 'r')
  try {
    const head = new Uint8Array(segmentHeadBytes)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    return decodeSegmentHead(head.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

/** `lost`: at most how many records lay behind the damage; 0 when there was none, or only a torn end. */
async function readSegment(scan: Scan, name: string): Promise<{ found: Found[]; lost: number }> {
  const bytes = await readFile(join(scan.folder, name))
  const found: Found[] = []
  let at = decodeSegmentHead(bytes) === null ? 0 : segmentHeadBytes
  for (let read = at && decodeRecord(bytes, at); read; read = decodeRecord(bytes, at)) {
    const position = { segment: name, at, bytes: read.next - at, seq: read.record.seq }
    found.push({ record: read.record, position })
    at = read.next
  }
  if (at === bytes.length && at > 0) return { found, lost: 0 }
  const isDamage = (at === 0 && bytes.length > segmentHeadBytes) || hasRecordAfter(bytes, at)
  await cut(scan, { name, bytes, at, isDamage })
  return { found, lost: isDamage ? Math.ceil((bytes.length - at) / leastRecordBytes) : 0 }
}

/** A write that was cut off leaves nothing whole behind it: a record further on tells of damage. */
function hasRecordAfter(bytes: Uint8Array, at: number): boolean {
  for (let next = at + 1; next + leastRecordBytes <= bytes.length; next += 1)
    if (looksLikeRecord(bytes, next) && decodeRecord(bytes, next)) return true
  return false
}

/** What cannot be read is kept beside the segment for whoever looks into the damage, and never read again by us. */
async function cut(
  { folder, disk, logger }: Scan,
  damage: { name: string; bytes: Uint8Array; at: number; isDamage: boolean },
): Promise<void> {
  const { name, bytes, at, isDamage } = damage
  const about = { segment: name, at, cut: bytes.length - at }
  if (isDamage)
    logger.error({ ...about, alarm: true }, 'the log is damaged in the middle: the rest is kept aside')
  else logger.warn(about, 'the log ends in a torn record: cut')
  if (bytes.length > at) await disk.replace(join(folder, `${name}.cut`), bytes.subarray(at))
  await disk.truncate(join(folder, name), at)
}
