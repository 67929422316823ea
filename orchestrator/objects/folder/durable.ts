// Folders that are still there after a power loss: making them, and making their new names last.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isErrno } from './faults.ts'

/** Makes names that were added to or removed from `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A file in a folder's place is said as such: `EEXIST` is what an object that is there already throws. */
function asNoFolder(thrown: unknown): never {
  if (!isErrno(thrown, 'EEXIST')) throw thrown
  throw Object.assign(new Error('a file lies in the place of a folder', { cause: thrown }), {
    code: 'ENOTDIR',
  })
}

/** Makes `folder` and what is missing above it; each new name is durable when this resolves. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 }).catch(asNoFolder)
  if (first === undefined) return
  for (let at = folder; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at))
}
