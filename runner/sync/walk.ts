// Lists a folder as it lies on disk, by lstat: nothing is followed, and what cannot be kept (sockets, pipes, devices) is passed over.
import { type BigIntStats, chmodSync, lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import type { FlushNotes } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { pathText } from '../../protocol/objects.ts'
import { tmpPrefix } from '../../protocol/paths.ts'
import { anchor } from './anchor.ts'
import { below } from './names.ts'
import { turns } from './turns.ts'

/** `text` is the path as a manifest writes it. */
export type Found = { path: Buffer; text: string; mode: number; mtimeNs: bigint } & (
  { kind: 'folder' } | { kind: 'link'; target: Buffer } | { kind: 'file'; size: number; stamp: string }
)

/**
 * Bytes of a path that the system still takes, with room for the names we put beside a file. Programs can nest deeper, folder by
 * folder, but nobody could name what lies there.
 */
const longestPath = 3_800

/** `notes` counts what is not kept as it is; `signal` ends it. */
export type Walking = { notes?: FlushNotes | undefined; signal?: AbortSignal | undefined }

/** Undoes what had to be done to a folder in order to look into it. */
export type Closing = () => void

/**
 * Everything below `root`, sorted by text, as a manifest wants it. Folders that their owner closed to himself are opened for as long
 * as the flush looks into them; `closings` are for the end, the last first.
 */
export async function walk(
  root: Buffer,
  closings: Closing[],
  { notes = { leftOut: 0, parted: 0 }, signal }: Walking = {},
): Promise<Found[]> {
  const found: Found[] = []
  const turn = turns(signal)
  const folders: Buffer[] = [Buffer.alloc(0)]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const path = folder.length === 0 ? root : below(root, folder)
    const held = anchor(path)
    if (held === null) throw moved(folder)
    try {
      openUp(path, held.at, closings)
      for (const name of readdirSync(held.at, 'buffer')) {
        await turn()
        const inside = below(folder, name)
        if (root.length + inside.length > longestPath) {
          notes.leftOut += 1
          continue
        }
        const entry = look(held.at, name, { path: inside, notes })
        if (entry === null) continue
        found.push(entry)
        if (entry.kind === 'folder') folders.push(entry.path)
      }
    } finally {
      held.close()
    }
  }
  return found.sort((a, b) => (a.text < b.text ? -1 : 1))
}

/** Gone, or a link by now: whoever put it there is not followed, and nothing is passed over in silence. */
function moved(folder: Buffer): AppError {
  const say = 'A folder went elsewhere while it was being backed up.'
  return new AppError('flush-failed', { say, log: { folder: folder.toString() } })
}

/** Reading and entering, by the owner. */
const usable = 0o500

/** Held until it is closed again: at its path there may be a link to anything by then. */
function openUp(path: Buffer, held: Buffer, closings: Closing[]): void {
  const mode = statSync(held).mode & 0o7777
  if ((mode & usable) === usable) return
  const kept = anchor(path)
  if (kept === null) return
  chmodSync(kept.at, mode | usable)
  closings.push(() => {
    chmodSync(kept.at, mode)
    kept.close()
  })
}

/** Where it lies below the root, and where is counted what is not kept as it is. */
type Looking = { path: Buffer; notes: FlushNotes }

/** What lies at `name` in a folder that is held, or null when it is nothing to keep or is gone. */
function look(held: Buffer, name: Buffer, { path, notes }: Looking): Found | null {
  if (name.toString('latin1').startsWith(tmpPrefix)) return null
  const stat = lstatSync(below(held, name), { bigint: true, throwIfNoEntry: false })
  if (stat === undefined) return null
  const common = { path, text: pathText(path), ...timeAndMode(stat) }
  if (stat.isDirectory()) return { kind: 'folder', ...common }
  if (stat.isFile() && stat.nlink > 1n) notes.parted += 1
  if (stat.isFile()) return { kind: 'file', size: Number(stat.size), stamp: stampOf(stat), ...common }
  if (stat.isSymbolicLink())
    return { kind: 'link', target: readlinkSync(below(held, name), 'buffer'), ...common }
  notes.leftOut += 1
  return null
}

/**
 * Changes whenever a file is written to, replaced, or gets another mode or time; two writes within one tick of the clock may
 * share one. A file that its owner may not read is opened up for each reading, which must not look like a change.
 */
export function stampOf({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs, (mode & 0o400n) === 0n ? '' : ctimeNs].join(' ')
}

export function timeAndMode(stat: BigIntStats): { mode: number; mtimeNs: bigint } {
  return { mode: Number(stat.mode & 0o7777n), mtimeNs: stat.mtimeNs }
}
