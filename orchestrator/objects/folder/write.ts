// Writing whole files that are durable before they have a name: temporary file, fsync, then link (once) or rename (HEAD).
import { randomBytes } from 'node:crypto'
import { link, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectBytes } from '../object-store.ts'
import { makeFolder, syncFolder } from './durable.ts'

export type FolderWriter = {
  /** Fails with EEXIST when `path` has a file already. */
  writeOnce(path: string, bytes: ObjectBytes): Promise<void>
  /** Puts the file in the place of what was there. */
  replace(path: string, bytes: Uint8Array): Promise<void>
}

/** A writer whose temporary files lie in `<root>/tmp`, which is emptied first. */
export async function folderWriter(root: string): Promise<FolderWriter> {
  const tmp = join(root, 'tmp')
  await makeFolder(tmp)
  for (const name of await readdir(tmp)) await rm(join(tmp, name), { recursive: true, force: true })
  return {
    writeOnce: async (path, bytes) => {
      const written = await writeTmp(tmp, bytes)
      try {
        await makeFolder(dirname(path))
        await link(written, path)
      } finally {
        await unlink(written)
      }
      await syncFolder(dirname(path))
    },
    replace: async (path, bytes) => {
      const written = await writeTmp(tmp, bytes)
      await makeFolder(dirname(path))
      await rename(written, path)
      await syncFolder(dirname(path))
    },
  }
}

/** A durable file without its final name; nothing is left when the bytes or the disk fail. */
async function writeTmp(folder: string, bytes: ObjectBytes): Promise<string> {
  const path = join(folder, randomBytes(12).toString('hex'))
  const handle = await open(path, 'wx', 0o600)
  try {
    for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) await handle.writeFile(piece)
    await handle.sync()
  } catch (thrown) {
    await unlink(path)
    throw thrown
  } finally {
    await handle.close()
  }
  return path
}
