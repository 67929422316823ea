// Opens a file of the tree safely and reads one whole version of it: never through a link, never half old and half new.
import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { chmodSync, closeSync, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs'
import { AppError } from '../../protocol/errors.ts'
import { below } from './names.ts'
import { turns } from './turns.ts'
import { timeAndMode } from './walk.ts'

/** One version of a file: its bytes' hash, and the size, mode and time they had. */
export type Version = { sha256: string; size: number; mode: number; mtimeNs: bigint }

/** A file may change this often while it is read before the flush gives up on it. */
const attempts = 5
/** Bytes of one read of a large file. */
const pieceBytes = 1024 * 1024

/** An open file and what it was when opened; null when it is gone or no file any more. */
export type Opened = { fd: number; stat: BigIntStats }

/**
 * Opens `path` below `root`, which must be a real path. `O_NOFOLLOW` guards the last name; that no folder above was swapped for a
 * link is read from the descriptor itself, where Linux offers it.
 */
export function openFile(root: Buffer, path: Buffer): Opened | null {
  const fd = openOrNull(below(root, path))
  if (fd === null) return null
  const stat = fstatSync(fd, { bigint: true })
  if (stat.isFile() && isWhere(fd, below(root, path))) return { fd, stat }
  closeSync(fd)
  return null
}

const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

function openOrNull(path: Buffer): number | null {
  try {
    return openSync(path, flags)
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR')) return null
    if (isErrno(thrown, 'EACCES')) return openUnreadable(path)
    throw thrown
  }
}

/** A file that its owner may not read is kept too: it is made readable for the moment of opening. */
function openUnreadable(path: Buffer): number | null {
  const before = lstatSync(path, { bigint: true })
  if (!before.isFile()) return null
  const mode = Number(before.mode & 0o7777n)
  chmodSync(path, mode | 0o400)
  try {
    return openSync(path, flags)
  } finally {
    chmodSync(path, mode)
  }
}

function isWhere(fd: number, path: Buffer): boolean {
  if (process.platform !== 'linux') return true
  return readlinkSync(`/proc/self/fd/${fd}`, 'buffer').equals(path)
}

/** Reads one whole version, piece by piece into `take`; null when the file is gone. Begins again when it changed meanwhile. */
export async function readVersion(
  root: Buffer,
  path: Buffer,
  taker: () => (piece: Buffer) => void,
): Promise<Version | null> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const opened = openFile(root, path)
    if (opened === null) return null
    try {
      const sha256 = await readPieces(opened, taker())
      if (isSameVersion(fstatSync(opened.fd, { bigint: true }), opened.stat)) {
        return { sha256, size: Number(opened.stat.size), ...timeAndMode(opened.stat) }
      }
    } finally {
      closeSync(opened.fd)
    }
  }
  throw new AppError('flush-failed', {
    say: 'A file keeps changing while it is being backed up.',
    log: { path: path.toString() },
  })
}

async function readPieces(opened: Opened, take: (piece: Buffer) => void): Promise<string> {
  const hash = createHash('sha256')
  const turn = turns()
  const room = Math.min(Number(opened.stat.size) + 1, pieceBytes)
  for (;;) {
    const piece = Buffer.allocUnsafe(room)
    const bytes = readSync(opened.fd, piece)
    if (bytes === 0) return hash.digest('hex')
    const read = piece.subarray(0, bytes)
    hash.update(read)
    take(read)
    await turn()
  }
}

/** Inode, size and both times: a write of the same length in the same tick still moves ctime. */
export function isSameVersion(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs
}

export function isErrno(thrown: unknown, ...codes: string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))
}
