// Removes a whole tree, also one whose folders forbid it: people and package caches make folders read-only.
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { isErrno } from './read.ts'
import { below } from './names.ts'

/** No error when there is nothing. Links are removed, never followed. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (thrown) {
    if (!isErrno(thrown, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw thrown
    await openUp(Buffer.from(path))
    await rm(path, { recursive: true, force: true })
  }
}

async function openUp(folder: Buffer): Promise<void> {
  await chmod(folder, 0o700)
  for (const name of await readdir(folder, { encoding: 'buffer' })) {
    const path = below(folder, name)
    if ((await lstat(path)).isDirectory()) await openUp(path)
  }
}
