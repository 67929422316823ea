// Finding the keys below a prefix of the folder store.
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { AppError } from '../../../protocol/errors.ts'
import { isErrno, refusal } from './faults.ts'

/** `v1/` and folders of keys below it: no dots, so nothing above the root can be named. */
const prefixShape = /^v1\/([a-z0-9]+\/)*$/

/** Sorted keys that begin with `prefix`; none when there is no such folder. */
export async function listKeys(root: string, prefix: string): Promise<string[]> {
  if (!prefixShape.test(prefix)) throw new AppError('bad-input', { say: 'This is no prefix of object keys.' })
  try {
    const found = await readdir(join(root, prefix), { recursive: true, withFileTypes: true })
    return found
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .sort()
  } catch (thrown) {
    return isErrno(thrown, 'ENOENT') ? [] : refusal(prefix)(thrown)
  }
}
