// Writes a tree's entries below a fresh folder, exactly: kind, mode, time, link target; it decides nothing about contents.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { below } from './names.ts'

/** As much of a manifest's entry as lies on a disk beside its content. */
export type Planted = { path: Buffer; mode: number; mtimeNs: bigint }

/** Modes while the tree grows: ours alone. */
const growing = { folder: 0o700, file: 0o600 }
/** A fresh file or nothing: never through a link, never over something. */
const fresh = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

export function plant(root: Buffer) {
  const folders: Planted[] = []
  return {
    /** Its parent must be there already. */
    folder(entry: Planted): void {
      mkdirSync(below(root, entry.path), { mode: growing.folder })
      folders.push(entry)
    },
    link(entry: Planted, target: Buffer): void {
      symlinkSync(target, below(root, entry.path))
      lutimesSync(below(root, entry.path), ...timesOf(entry))
    },
    async file(entry: Planted, content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
      const fd = openSync(below(root, entry.path), fresh, growing.file)
      try {
        for await (const piece of content) writeWhole(fd, piece)
        fchmodSync(fd, entry.mode)
        futimesSync(fd, ...timesOf(entry))
      } finally {
        closeSync(fd)
      }
    },
    /** Folders get their modes and times last, the deepest first: each file made in one changes its time. */
    finish(): void {
      for (const entry of folders.toSorted((a, b) => b.path.length - a.path.length)) {
        chmodSync(below(root, entry.path), entry.mode)
        utimesSync(below(root, entry.path), ...timesOf(entry))
      }
    },
  }
}

function writeWhole(fd: number, piece: Uint8Array): void {
  for (let at = 0; at < piece.length;) at += writeSync(fd, piece, at)
}

/**
 * Node takes times as seconds in a double and some of its versions cut them to microseconds, so a microsecond is what is kept:
 * half of one is added, or rounding could fall into the one before. Times before 1970 are kept to the millisecond.
 */
function timesOf({ mtimeNs }: Planted): [number | Date, number | Date] {
  if (mtimeNs < 0n) return [new Date(Number(mtimeNs / 1_000_000n)), new Date(Number(mtimeNs / 1_000_000n))]
  const seconds = Number(mtimeNs / 1_000_000_000n) + (Number((mtimeNs / 1000n) % 1_000_000n) + 0.5) / 1e6
  return [seconds, seconds]
}
