// How this room writes files that must survive a crash: whole, private, in place by rename. Knows nothing of their content.
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Ours alone: data, keys, launch files and sockets are nobody else's business. */
const privateFile = 0o600
const privateFolder = 0o700

/** Makes a rename or a new name in `folder` durable. */
export async function fsyncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces `path` as one step: a reader, or a crash, sees the old content or the new, never a part. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const tmp = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  const handle = await open(tmp, 'wx', privateFile)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(tmp, path)
  await fsyncFolder(dirname(path))
}

/** Adds one line to a private file, on the disk when it resolves. Two at once are two whole lines, in any order. */
export async function appendLine(path: string, line: string): Promise<void> {
  const handle = await open(path, 'a', privateFile)
  try {
    await handle.appendFile(`${line}\n`)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** At most `most` bytes that end before `end`, or at the end of the file, and where they begin; none of a file that is not there. */
export async function readBefore(
  path: string,
  { end, most }: { end: number; most: number },
): Promise<{ at: number; bytes: Buffer }> {
  const handle = await open(path, 'r').catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
    throw thrown
  })
  if (handle === null) return { at: 0, bytes: Buffer.alloc(0) }
  try {
    const stop = Math.min(end, (await handle.stat()).size)
    const at = Math.max(0, stop - most)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(stop - at), 0, stop - at, at)
    return { at, bytes: buffer.subarray(0, bytesRead) }
  } finally {
    await handle.close()
  }
}

/** A folder that only we can enter. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: privateFolder })
}

/** Removes a tree; a tree that is not there is fine. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 })
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENAMETOOLONG')) throw thrown
    // Nested deeper than a path can say: the system's own tool goes down folder by folder.
    await run('rm', ['-rf', '--', path])
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}
