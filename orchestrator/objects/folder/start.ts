// The object store in a plain folder: the same keys as on S3, write-once by link(); one orchestrator owns the folder.
import { createReadStream } from 'node:fs'
import { readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../../protocol/errors.ts'
import { ObjectKey } from '../../../protocol/objects.ts'
import type { ObjectStore } from '../object-store.ts'
import { syncFolder } from './durable.ts'
import { isErrno, refusal, writeRefusal } from './faults.ts'
import { folderHeads } from './heads.ts'
import { listKeys } from './list.ts'
import { folderWriter } from './write.ts'

/** Bytes of one piece of a streamed object: large enough for the disk, small enough for many at once. */
const pieceBytes = 256 * 1024

/** Opens (and makes) the store below `root`; what an earlier process left half written is removed. */
export async function folderStore(root: string): Promise<ObjectStore> {
  const writer = await folderWriter(root).catch(refusal(root))
  const pathOf = (key: string) => join(root, allowed(key))
  return {
    put: async (key, bytes) => writer.writeOnce(pathOf(writeOnceKey(key)), bytes).catch(writeRefusal(key)),
    get: async (key) => readWhole(pathOf(key), key),
    read: (key) => readPieces(pathOf, key),
    head: async (key) => sizeOf(pathOf(key), key),
    list: (prefix) => listKeys(root, prefix),
    delete: async (key) => remove(pathOf(key), key),
    ...folderHeads({ pathOf, writer }),
  }
}

/** HEAD is moved, never put. */
function writeOnceKey(key: string): string {
  return key.endsWith('/HEAD.json') ? allowed('') : key
}

function allowed(key: string): string {
  if (ObjectKey.safeParse(key).success) return key
  throw new AppError('bad-input', { say: 'This is no key of an object.', log: { key: key.slice(0, 200) } })
}

async function readWhole(path: string, key: string): Promise<Uint8Array> {
  return readFile(path).catch(refusal(key))
}

async function* readPieces(pathOf: (key: string) => string, key: string): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(pathOf(key), { highWaterMark: pieceBytes })
  } catch (thrown) {
    refusal(key)(thrown)
  }
}

async function sizeOf(path: string, key: string): Promise<{ bytes: number } | null> {
  try {
    return { bytes: (await stat(path)).size }
  } catch (thrown) {
    return isErrno(thrown, 'ENOENT') ? null : refusal(key)(thrown)
  }
}

async function remove(path: string, key: string): Promise<void> {
  try {
    await unlink(path)
    await syncFolder(join(path, '..'))
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT')) refusal(key)(thrown)
  }
}
