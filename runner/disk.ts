// All durable writing of a runner: append, atomic replacement, fsync of folders. Knows nothing of what the bytes mean.
import { closeSync, fdatasync, openSync, writevSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const datasync = promisify(fdatasync)

/** A file that only grows. `append` hands bytes to the kernel, `sync` makes them survive the machine. */
export type Appendable = {
  append(parts: Uint8Array[]): void
  sync(): Promise<void>
  close(): void
}

/** Makes a new file that begins with `head`; fails when there is one already. Its name is durable after `syncFolder`. */
export function createAppendable(path: string, head: Uint8Array): Appendable {
  const fd = openSync(path, 'ax', 0o600)
  try {
    writeWhole(fd, [head])
  } catch (fault) {
    closeSync(fd)
    throw fault
  }
  return {
    append: (parts) => writeWhole(fd, parts),
    sync: () => datasync(fd),
    close: () => closeSync(fd),
  }
}

/** The kernel may take less than it was given (a disk that is nearly full); goes on until all is taken or it refuses. */
function writeWhole(fd: number, parts: Uint8Array[]): void {
  let rest = parts.filter((part) => part.length > 0)
  while (rest.length > 0) rest = after(rest, writevSync(fd, rest))
}

/** What remains of `parts` after their first `taken` bytes. */
function after(parts: Uint8Array[], taken: number): Uint8Array[] {
  const rest: Uint8Array[] = []
  let skip = taken
  for (const part of parts) {
    if (skip < part.length) rest.push(part.subarray(skip))
    skip = Math.max(0, skip - part.length)
  }
  return rest
}

/** Replaces a file as a whole: at every instant, and after a loss of power, it is the old or the new one. */
export async function replaceDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`
  const file = await open(temporary, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** Cuts a file at `length` bytes, durably. */
export async function truncateDurably(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.truncate(length)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Makes a folder of ours (nobody else may look inside) and its parents. */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
}

/** Makes names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
