// Re-reads the packs and blobs of a cut and compares every byte and every file with what the manifest says of them.
import { createHash } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { type Manifest, packMagic } from '../../protocol/objects.ts'
import { failure, missing } from './failure.ts'
import { type FileEntry, filesOf, objectOf } from './manifest-tree.ts'
import type { ObjectStore } from './object-store.ts'

type Listed = { key: string; bytes: number }

/** No pack of ours is larger (16 MiB of content and one last file); a larger one would have to be held in memory. */
const packMaxBytes = 64 * 1024 * 1024
/** Files checked before other work of the process gets its turn. */
const filesPerTurn = 100

export async function verifyObjects(store: ObjectStore, manifest: Manifest): Promise<void> {
  const files = filesByObject(manifest)
  for (const object of manifest.objects) {
    await verifySize(store, object)
    if (object.key.startsWith('v1/packs/')) await verifyPack(store, object, files.get(object.key) ?? [])
    else await verifyBlob(store, object)
  }
}

function filesByObject(manifest: Manifest): Map<string, FileEntry[]> {
  const files = new Map<string, FileEntry[]>(manifest.objects.map((object) => [object.key, []]))
  for (const file of filesOf(manifest)) files.get(objectOf(file.at))?.push(file)
  return files
}

async function verifySize(store: ObjectStore, object: Listed): Promise<void> {
  const head = await store.head(object.key)
  if (head === null) throw missing(object.key)
  if (head.bytes !== object.bytes) throw failure('An object is shorter or longer than it was.', object)
}

async function verifyBlob(store: ObjectStore, object: Listed): Promise<void> {
  if ((await hashOf(store, object.key)) !== hashNameOf(object.key)) throw altered(object)
}

async function verifyPack(store: ObjectStore, object: Listed, files: FileEntry[]): Promise<void> {
  if (object.bytes > packMaxBytes) throw failure('A pack is larger than packs are.', object)
  const pack = await store.get(object.key)
  if (sha256(pack) !== hashNameOf(object.key)) throw altered(object)
  if (!packMagic.every((byte, index) => pack[index] === byte))
    throw failure('A pack is of no known format.', object)
  for (const [index, file] of files.entries()) {
    if (index % filesPerTurn === 0) await breathe()
    if (!isContentOf(pack, file))
      throw failure(`${file.path} is not what was saved.`, { ...object, path: file.path })
  }
}

/** True when the gzip member at the file's place holds exactly the file. */
function isContentOf(pack: Uint8Array, { at, size, sha256: expected }: FileEntry): boolean {
  if (at.in !== 'pack') return false
  try {
    const member = pack.subarray(at.offset, at.offset + at.length)
    const content = gunzipSync(member, { maxOutputLength: Math.max(size, 1) })
    return content.length === size && sha256(content) === expected
  } catch {
    return false
  }
}

/** SHA-256 of a stored object, read in pieces. */
export async function hashOf(store: ObjectStore, key: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of store.read(key)) hash.update(piece)
  return hash.digest('hex')
}

/** Packs and blobs are named by their hash; other keys have none. */
export function hashNameOf(key: string): string | null {
  return /^v1\/(?:packs|blobs)\/([0-9a-f]{64})$/.exec(key)?.[1] ?? null
}

function altered(object: Listed) {
  return failure('An object was altered.', object)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
