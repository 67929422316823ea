// Opens a file of the tree safely and reads one whole version of it: never through a link, never half old and half new.
import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { chmodSync, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { AppError } from '../../protocol/errors.ts'
import { holdFile, isWhere } from './anchor.ts'
import { isErrno } from './errno.ts'
import { below } from './names.ts'
import { turns } from './turns.ts'
import { stampOf, timeAndMode } from './walk.ts'

/** One version of a file: its bytes' hash, the size, mode and time they had, and the stamp by which a later version is told. */
export type Version = {
  sha256: string
  size: number
  mode: number
  mtimeNs: bigint
  stamp: string
  /** False when it changed just before it was read: a write right after may have left the same stamp. */
  isSettled: boolean
}

/** A file may change this often while it is read before the flush gives up on it. */
const attempts = 5
/** Nanoseconds by which the clock of files may lag: a write so soon after another may not show in its stamp. */
const tickNs = 50_000_000n
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

/** A file that its owner may not read is kept too: it, and nothing that was put in its place, is made readable for the moment of opening. */
function openUnreadable(path: Buffer): number | null {
  const held = holdFile(path)
  if (held === null) return null
  try {
    const mode = statSync(held.at).mode & 0o7777
    chmodSync(held.at, mode | 0o400)
    try {
      return openSync(held.at, constants.O_RDONLY)
    } finally {
      chmodSync(held.at, mode)
    }
  } finally {
    held.close()
  }
}

export type Reading = {
  root: Buffer
  path: Buffer
  /** Called at the beginning of each try. */
  taker: () => (piece: Buffer) => void
  /** A file that changes at every try is refused, or taken as it was read the last time. */
  ifRestless: 'refuse' | 'take'
}

/** Reads one whole version, piece by piece; null when the file is gone. Begins again when it changed meanwhile. */
export async function readVersion({ root, path, taker, ifRestless }: Reading): Promise<Version | null> {
  for (let attempt = 1; ; attempt++) {
    const opened = openFile(root, path)
    if (opened === null) return null
    try {
      const isSettled = BigInt(Date.now()) * 1_000_000n - opened.stat.ctimeNs > tickNs
      const read = await readPieces(opened, taker())
      const isWhole = isSameVersion(fstatSync(opened.fd, { bigint: true }), opened.stat)
      const isLast = attempt >= attempts
      if (isWhole || (isLast && ifRestless === 'take')) {
        const told = { stamp: stampOf(opened.stat), isSettled: isSettled && isWhole }
        return { ...read, ...told, ...timeAndMode(opened.stat) }
      }
      if (isLast) throw restless(path)
    } finally {
      closeSync(opened.fd)
    }
  }
}

function restless(path: Buffer): AppError {
  return new AppError('flush-failed', {
    say: 'A file keeps changing while it is being backed up.',
    log: { path: path.toString() },
  })
}

async function readPieces(
  opened: Opened,
  take: (piece: Buffer) => void,
): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256')
  const turn = turns()
  const room = Math.min(Number(opened.stat.size) + 1, pieceBytes)
  for (let size = 0; ;) {
    const piece = Buffer.allocUnsafe(room)
    const bytes = readSync(opened.fd, piece)
    if (bytes === 0) return { sha256: hash.digest('hex'), size }
    const read = piece.subarray(0, bytes)
    hash.update(read)
    take(read)
    size += bytes
    await turn()
  }
}

/**
 * Inode, size and both times: a write of the same length in the same tick still moves ctime. A file that another was put in
 * the place of has a new ctime too, and is whole.
 */
export function isSameVersion(now: BigIntStats, before: BigIntStats): boolean {
  const isReplaced = now.nlink === 0n && before.nlink > 0n
  const isSame = now.ino === before.ino && now.size === before.size && now.mtimeNs === before.mtimeNs
  return isSame && (isReplaced || now.ctimeNs === before.ctimeNs)
}
