// Removes segments of the log that nobody needs any more: every record is in a snapshot or in the folded register, and was
// shipped to the store. Decides only which; when is documents.ts.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disk } from '../durable.ts'
import { listSegments, firstSeqOf } from './segments.ts'

/** Where nobody says what was shipped, this many of the newest segments that could go are kept. */
const keptSegments = 8
/** Written by sync beside the log: number of the highest record that is in a verified commit. */
const shippedName = 'shipped'

export type Needs = {
  folder: string
  /** Records from here on are needed at a start. */
  floor: number
  disk: Disk
}

/** Gives the names of the segments that were removed. The newest is never one of them. */
export async function compact({ folder, floor, disk }: Needs): Promise<string[]> {
  const names = (await listSegments(folder)).map(({ name }) => name)
  const firsts = await Promise.all(names.map((name) => firstSeqOf(join(folder, name))))
  const shipped = await readShipped(folder)
  const isBefore = (at: number, seq: number): boolean =>
    firsts.slice(at + 1).some((first) => first !== null && first <= seq)
  const spare = names.filter(
    (_, at) => isBefore(at, floor) && (shipped === null || isBefore(at, shipped + 1)),
  )
  const removed = shipped === null ? spare.slice(0, -keptSegments) : spare
  for (const name of removed) disk.remove(join(folder, name))
  if (removed.length > 0) await disk.syncFolder(folder)
  return removed
}

/** Null when nothing is known of it. */
async function readShipped(folder: string): Promise<number | null> {
  try {
    const shipped = Number((await readFile(join(folder, '..', shippedName), 'utf8')).trim())
    return Number.isSafeInteger(shipped) && shipped >= 0 ? shipped : null
  } catch {
    return null
  }
}
