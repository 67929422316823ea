// Removes a whole tree, also one whose folders forbid it: people and package caches make folders read-only.
import { execFile } from 'node:child_process'
import { chmod, readdir, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { isErrno } from './errno.ts'
import { below } from './names.ts'

const run = promisify(execFile)

/** No error when there is nothing. Links are removed, never followed. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (thrown) {
    // Nested deeper than a path can say: the system's own tool goes down folder by folder.
    if (isErrno(thrown, 'ENAMETOOLONG')) return void (await run('rm', ['-rf', '--', path]))
    if (!isErrno(thrown, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw thrown
    await openUp(Buffer.from(path))
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** What is gone meanwhile is no matter: a removal that failed may still be at work on its other branches. */
async function openUp(folder: Buffer): Promise<void> {
  try {
    await chmod(folder, 0o700)
    for (const entry of await readdir(folder, { encoding: 'buffer', withFileTypes: true })) {
      if (entry.isDirectory()) await openUp(below(folder, Buffer.from(entry.name)))
    }
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT')) throw thrown
  }
}
