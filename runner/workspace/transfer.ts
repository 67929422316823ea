// The bytes and names that confine.ts moves once a place is held: reading, pouring a stream, renaming without overwriting.
import { link, rename, unlink, type FileHandle } from 'node:fs/promises'
import { AppError } from '../../protocol/errors.ts'
import { errnoOf } from './faults.ts'
import { lookUp } from './held.ts'
import type { Place } from './replace.ts'
import type { Kind, Stat } from './stat.ts'

const kindWords: Record<Kind, string> = {
  file: 'a file',
  folder: 'a folder',
  link: 'a link',
  other: 'a pipe or device',
}

/** Refuses what cannot be read and written like a file; opening a FIFO would wait for ever, a device could do anything. */
export function refuseIrregular(path: string, stat: Stat): void {
  if (stat.kind === 'file') return
  throw new AppError('bad-input', { say: `${path} is ${kindWords[stat.kind]}, not a file.`, log: { path } })
}

/** The first `size` bytes, or fewer when the file has become shorter meanwhile. */
export async function readUpTo(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, size - at, at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}

/** Writes everything that `source` gives, or throws `too-large` as soon as it gives more than `maxBytes`. */
export async function pour(
  source: AsyncIterable<Uint8Array>,
  file: FileHandle,
  maxBytes: number,
): Promise<void> {
  let total = 0
  for await (const chunk of source) {
    total += chunk.length
    if (total > maxBytes)
      throw new AppError('too-large', { say: 'This file is too large.', log: { maxBytes } })
    await file.writeFile(chunk)
  }
}

/** Renames without ever replacing something, even when it appears at the last instant. */
export async function renameExclusive(from: Place, to: Place): Promise<void> {
  const stat = lookUp(from.folder, from.name)
  if (!stat) throw Object.assign(new Error('nothing to rename'), { code: 'ENOENT' })
  const [source, target] = [`${from.folder.at}/${from.name}`, `${to.folder.at}/${to.name}`]
  if (lookUp(to.folder, to.name)) throw Object.assign(new Error('the target exists'), { code: 'EEXIST' })
  if (stat.kind !== 'folder' && (await linked(source, target))) return unlink(source)
  // At worst this replaces an empty folder that appeared this instant: rename(2) refuses everything else.
  return rename(source, target)
}

/** A second name is made only where none is; file systems and policies without hard links answer false. */
async function linked(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target)
    return true
  } catch (thrown) {
    if (['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EXDEV'].includes(errnoOf(thrown) ?? '')) return false
    throw thrown
  }
}
