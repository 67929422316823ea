// All durable writing of a runner on the real disk: append, atomic replacement, fsync of folders. Knows nothing of what
// the bytes mean.
import { closeSync, fdatasync, openSync, rmSync, writevSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Appendable, Disk } from './durable.ts'

const datasync = promisify(fdatasync)

function createAppendable(path: string, head: Uint8Array): Appendable {
  const fd = openSync(path, 'ax', 0o600)
  try {
    writeWhole(fd, [head])
  } catch (fault) {
    closeSync(fd)
    removeAnyway(path)
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

async function replaceDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`
  try {
    await writeNew(temporary, bytes)
    await rename(temporary, path)
  } catch (fault) {
    removeAnyway(temporary)
    throw fault
  }
  await syncFolder(dirname(path))
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function truncateDurably(path: string, length: number): Promise<void> {
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

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Bytes written at once while a reserve is taken. */
const pieceBytes = 256 * 1024

/** Real bytes, not a hole: a hole takes nothing from the disk. */
async function reserve(path: string, bytes: number): Promise<boolean> {
  try {
    const file = await open(path, 'w', 0o600)
    try {
      for (let left = bytes; left > 0; left -= pieceBytes)
        await file.writeFile(new Uint8Array(Math.min(left, pieceBytes)))
      await file.datasync()
    } finally {
      await file.close()
    }
    return true
  } catch {
    removeAnyway(path)
    return false
  }
}

/** A read-only disk refuses this as well. */
function removeAnyway(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // What is left is found again when it is taken the next time.
  }
}

export const systemDisk: Disk = {
  create: createAppendable,
  replace: replaceDurably,
  truncate: truncateDurably,
  syncFolder,
  reserve,
  remove: removeAnyway,
}
