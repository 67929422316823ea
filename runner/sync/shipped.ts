// Tells the runner which of its log is in a verified commit, so that it may let go of segments that it does not need any more.
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { chown, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { logFolder } from '../../protocol/objects.ts'
import { isErrno } from './errno.ts'

/** Beside the log, in the state folder: the number of a record; those up to it are in a verified commit. */
export const shippedFile = 'shipped'

/** As the runner begins each segment: magic, then the number of its first record. */
const magic = Buffer.from('DVXLOG\0\x01', 'latin1')
const headBytes = magic.length + 8

/** Number of the first record of the newest of these segments; null when it cannot be told. */
export function firstSeqOf(state: string, segments: string[]): number | null {
  const [newest] = segments.toSorted((a, b) => orderOf(b) - orderOf(a))
  if (newest === undefined) return null
  const head = headOf(join(state, logFolder, newest))
  const isOurs = head.length === headBytes && head.subarray(0, magic.length).equals(magic)
  return isOurs ? Number(head.readBigUInt64BE(magic.length)) : null
}

/** Shorter, or empty, when there is no more. */
function headOf(path: string): Buffer {
  const head = Buffer.alloc(headBytes)
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      return head.subarray(0, readSync(fd, head))
    } finally {
      closeSync(fd)
    }
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ELOOP')) return head.subarray(0, 0)
    throw thrown
  }
}

/** Records before `first`, the first of the newest segment, are shipped: all that matters is whole segments. The runner may run as somebody else. */
export async function sayShipped(state: string, first: number | null): Promise<void> {
  if (first === null || first < 1) return
  const path = join(state, shippedFile)
  await writeFile(`${path}.tmp`, String(first - 1), { mode: 0o600 })
  const { uid, gid } = await stat(state)
  if (process.getuid?.() !== uid) await chown(`${path}.tmp`, uid, gid)
  await rename(`${path}.tmp`, path)
}

/** Generation, then number: no generation has a billion segments. */
function orderOf(segment: string): number {
  const [generation = 0, n = 0] = segment.split('-').map(Number)
  return generation * 1e9 + n
}
