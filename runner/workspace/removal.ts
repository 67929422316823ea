// Removes a file or a whole folder through held descriptors: a folder swapped for a link on the way is unlinked, not entered.
import { readdir, rmdir, unlink } from 'node:fs/promises'
import { constants, openSync, closeSync } from 'node:fs'
import { errnoOf } from './faults.ts'

/** Entries of one folder removed at the same time: keeps the thread pool busy without flooding it. */
const atOnce = 8

const enter = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Removes `path` and everything below it. `path` may go through a descriptor; its last part is never followed. */
export async function removeTree(path: string): Promise<void> {
  const refused = await unlink(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (refused === undefined) return
  // Linux says EISDIR for a folder, others EPERM.
  if (!['EISDIR', 'EPERM'].includes(errnoOf(refused) ?? '')) throw refused
  await emptyFolder(path, refused)
  await rmdir(path)
}

async function emptyFolder(path: string, refused: unknown): Promise<void> {
  const fd = openFolder(path, refused)
  try {
    const at = process.platform === 'linux' ? `/proc/self/fd/${fd}` : path
    const names = await readdir(at, { encoding: 'buffer' })
    for (let from = 0; from < names.length; from += atOnce) {
      await Promise.all(names.slice(from, from + atOnce).map((name) => removeChild(at, name)))
    }
  } finally {
    closeSync(fd)
  }
}

function openFolder(path: string, refused: unknown): number {
  try {
    return openSync(path, enter)
  } catch (thrown) {
    throw errnoOf(thrown) === 'ENOTDIR' ? refused : thrown
  }
}

/** A child that somebody else removed first is gone all the same. */
async function removeChild(at: string, name: Uint8Array): Promise<void> {
  const text = Buffer.from(name).toString('utf8')
  // A name that is not UTF-8 can only be said in bytes.
  if (Buffer.from(text, 'utf8').equals(name)) {
    await removeTree(`${at}/${text}`).catch(ignoreMissing)
  } else {
    await unlink(Buffer.concat([Buffer.from(`${at}/`), name])).catch(ignoreMissing)
  }
}

function ignoreMissing(thrown: unknown): void {
  if (errnoOf(thrown) !== 'ENOENT') throw thrown
}
