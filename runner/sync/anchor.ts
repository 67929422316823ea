// Holds a file or folder of the tree by its descriptor, so that what is done to it happens there and nowhere else: programs that run
// meanwhile may put a link in the place of any folder above. Lists and changes nothing itself.
import { closeSync, constants, openSync, readlinkSync, statSync } from 'node:fs'
import { isErrno } from './errno.ts'

/** `at`: a path to it that no rename or link can bend. */
export type Anchor = { at: Buffer; close(): void }

/** Linux: names a file or folder without the right to read it. */
const nameOnly = 0o10000000
const notThrough = nameOnly | constants.O_NOFOLLOW

/** Null when `path`, which must be real, is no folder any more, or lies elsewhere by now. Elsewhere than on Linux it is the path. */
export function anchor(path: Buffer): Anchor | null {
  return hold(path, notThrough | constants.O_DIRECTORY)
}

/** As `anchor`, for a plain file. */
export function holdFile(path: Buffer): Anchor | null {
  const held = hold(path, notThrough)
  if (held === null || statSync(held.at).isFile()) return held
  held.close()
  return null
}

function hold(path: Buffer, flags: number): Anchor | null {
  if (process.platform !== 'linux') return { at: path, close: () => undefined }
  const fd = openOrNull(path, flags)
  if (fd === null) return null
  if (isWhere(fd, path)) return { at: Buffer.from(`/proc/self/fd/${fd}`), close: () => closeSync(fd) }
  closeSync(fd)
  return null
}

/** Where an open descriptor lies, on Linux read from the descriptor itself; elsewhere it is believed. */
export function isWhere(fd: number, path: Buffer): boolean {
  if (process.platform !== 'linux') return true
  return readlinkSync(`/proc/self/fd/${fd}`, 'buffer').equals(path)
}

function openOrNull(path: Buffer, flags: number): number | null {
  try {
    return openSync(path, flags)
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ELOOP', 'ENOTDIR')) return null
    throw thrown
  }
}
