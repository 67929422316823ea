// Reads the log's segments at a start: every whole record in order, a torn tail cut off. Writing is log.ts.
import { open, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { replaceDurably, truncateDurably } from '../disk.ts'
import { decodeRecord, decodeSegmentHead, segmentHeadBytes, type LogRecord } from './records.ts'

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

/**
 * Gives every record from `from` on, once and in order, and the highest sequence number. After a failed disk a segment
 * repeats records of the one before it: those are left out.
 */
export async function scanSegments(
  folder: string,
  options: { from: number; logger: Logger; found: (found: Found) => void },
): Promise<number> {
  let last = 0
  for (const name of await needed(folder, options.from)) {
    for (const found of await readSegment(folder, name, options.logger)) {
      if (found.record.seq <= last) continue
      last = found.record.seq
      if (last >= options.from) options.found(found)
    }
  }
  return last
}

/** Leaves out the segments whose every record is before `from`: those that a later one begins at or before it. */
async function needed(folder: string, from: number): Promise<string[]> {
  const names = (await listSegments(folder)).map(({ name }) => name)
  const firsts = await Promise.all(names.map((name) => firstSeqOf(join(folder, name))))
  return names.filter((_, at) => !firsts.slice(at + 1).some((first) => first !== null && first <= from))
}

async function firstSeqOf(path: string): Promise<number | null> {
  const file = await open(path, 'r')
  try {
    const head = new Uint8Array(segmentHeadBytes)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    return decodeSegmentHead(head.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

async function readSegment(folder: string, name: string, logger: Logger): Promise<Found[]> {
  const bytes = await readFile(join(folder, name))
  const found: Found[] = []
  if (decodeSegmentHead(bytes) === null) {
    await cut(folder, { name, bytes, at: 0, logger })
    return found
  }
  let at = segmentHeadBytes
  for (let read = decodeRecord(bytes, at); read !== null; read = decodeRecord(bytes, at)) {
    const position = { segment: name, at, bytes: read.next - at, seq: read.record.seq }
    found.push({ record: read.record, position })
    at = read.next
  }
  if (at < bytes.length) await cut(folder, { name, bytes, at, logger })
  return found
}

/** What cannot be read is kept beside the segment for whoever looks into the damage, and never read again by us. */
async function cut(
  folder: string,
  damage: { name: string; bytes: Uint8Array; at: number; logger: Logger },
): Promise<void> {
  const { name, bytes, at, logger } = damage
  logger.warn({ segment: name, at, cut: bytes.length - at }, 'the log ends in a torn record: cut')
  if (bytes.length > at) await replaceDurably(join(folder, `${name}.cut`), bytes.subarray(at))
  await truncateDurably(join(folder, name), at)
}
