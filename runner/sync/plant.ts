// Writes a tree's entries below a fresh folder with what node has: times to the microsecond; it decides nothing about contents.
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
export type PlantedFile = Planted & { size: number }
export type Content = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Writes entries; a folder must come before what lies in it, and nothing is as it should be before `finish`. */
export type Planter = {
  folder(entry: Planted): Promise<void>
  link(entry: Planted, target: Buffer): Promise<void>
  file(entry: PlantedFile, content: Content): Promise<void>
  finish(): Promise<void>
  /** Stops at once; what was written stays and is the caller's to remove. */
  abandon(): Promise<void>
}

/** Modes while the tree grows: ours alone. */
const growing = { folder: 0o700, file: 0o600 }
/** A fresh file or nothing: never through a link, never over something. */
const fresh = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

export function plant(root: Buffer): Planter {
  const folders: Planted[] = []
  return {
    folder: async (entry) => {
      mkdirSync(below(root, entry.path), { mode: growing.folder })
      folders.push(entry)
    },
    link: async (entry, target) => {
      symlinkSync(target, below(root, entry.path))
      lutimesSync(below(root, entry.path), ...timesOf(entry))
    },
    file: (entry, content) => plantFile(below(root, entry.path), entry, content),
    // The deepest first: each file made in a folder changes its time.
    finish: async () => {
      for (const entry of folders.toSorted((a, b) => b.path.length - a.path.length)) {
        chmodSync(below(root, entry.path), entry.mode)
        utimesSync(below(root, entry.path), ...timesOf(entry))
      }
    },
    abandon: () => Promise.resolve(),
  }
}

async function plantFile(path: Buffer, entry: PlantedFile, content: Content): Promise<void> {
  const fd = openSync(path, fresh, growing.file)
  try {
    for await (const piece of content) writeWhole(fd, piece)
    fchmodSync(fd, entry.mode)
    futimesSync(fd, ...timesOf(entry))
  } finally {
    closeSync(fd)
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
