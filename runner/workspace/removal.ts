// Removes a file or a whole folder through held descriptors: a folder swapped for a link on the way is unlinked, not entered.
import { randomBytes } from 'node:crypto'
import { constants, openSync, closeSync } from 'node:fs'
import { readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { tmpPrefix } from '../../protocol/paths.ts'
import { errnoOf } from './faults.ts'

/** Entries of one folder removed at the same time: keeps the thread pool busy without flooding it. */
const atOnce = 8

/** Folders held open below each other; what lies deeper is moved up, so that descriptors suffice for any depth. */
const deepest = 100

const enter = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Removes `path` and everything below it. `path` may go through a descriptor; its last part is never followed. */
export async function removeTree(path: string): Promise<void> {
  await removeAt(path, null)
}

/** The folder that is removed as a whole, and how far below it something lies. */
type Above = { top: string; depth: number; moved: { count: number } }

async function removeAt(path: string, above: Above | null): Promise<void> {
  const refused = await unlink(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (refused === undefined) return
  // Linux says EISDIR for a folder, others EPERM.
  if (!['EISDIR', 'EPERM'].includes(errnoOf(refused) ?? '')) throw refused
  if (above !== null && above.depth > deepest) return moveUp(path, above)
  await emptyFolder(path, { refused, above })
  await rmdir(path)
}

async function emptyFolder(path: string, was: { refused: unknown; above: Above | null }): Promise<void> {
  const fd = openFolder(path, was.refused)
  try {
    const at = process.platform === 'linux' ? `/proc/self/fd/${fd}` : path
    const above = was.above ?? { top: at, depth: 0, moved: { count: 0 } }
    const below = { ...above, depth: above.depth + 1 }
    let movedBefore
    do {
      movedBefore = above.moved.count
      const names = await readdir(at, { encoding: 'buffer' })
      for (let from = 0; from < names.length; from += atOnce) {
        await Promise.all(names.slice(from, from + atOnce).map((name) => removeChild(at, name, below)))
      }
      // Whatever was moved up meanwhile lies in the top folder now.
    } while (was.above === null && above.moved.count > movedBefore)
  } finally {
    closeSync(fd)
  }
}

async function moveUp(path: string, { top, moved }: Above): Promise<void> {
  await rename(path, `${top}/${tmpPrefix}${randomBytes(8).toString('hex')}`)
  moved.count += 1
}

function openFolder(path: string, refused: unknown): number {
  try {
    return openSync(path, enter)
  } catch (thrown) {
    throw errnoOf(thrown) === 'ENOTDIR' ? refused : thrown
  }
}

/** A child that somebody else removed first is gone all the same. */
async function removeChild(at: string, name: Uint8Array, above: Above): Promise<void> {
  const text = Buffer.from(name).toString('utf8')
  // A name that is not UTF-8 can only be said in bytes.
  if (Buffer.from(text, 'utf8').equals(name)) {
    await removeAt(`${at}/${text}`, above).catch(ignoreMissing)
  } else {
    await unlink(Buffer.concat([Buffer.from(`${at}/`), name])).catch(ignoreMissing)
  }
}

function ignoreMissing(thrown: unknown): void {
  if (errnoOf(thrown) !== 'ENOENT') throw thrown
}
