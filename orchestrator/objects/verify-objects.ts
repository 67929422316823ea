// Re-reads the packs and blobs of a cut and compares every byte and every file with what the manifest says of them.
import { createHash } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { type Manifest, packMagic } from '../../protocol/objects.ts'
import { failure, missing } from './failure.ts'
import { type FileEntry, filesOf, objectsOf } from './manifest-tree.ts'
import type { ObjectStore } from './object-store.ts'

type Listed = { key: string; bytes: number }

/** No pack of ours is larger (16 MiB of content and one last file); a larger one would have to be held in memory. */
const packMaxBytes = 64 * 1024 * 1024
/** Files checked before other work of the process gets its turn. */
const filesPerTurn = 100

/** What `known` names in the same way was verified once: of that, only existence and size are looked at. */
export async function verifyObjects(
  store: ObjectStore,
  manifest: Manifest,
  known: Manifest | null,
): Promise<void> {
  const before = knownOf(known)
  const fresh = filesOf(manifest).filter((file) => !before.files.has(nameOf(file)))
  const files = packedBy(fresh)
  for (const object of manifest.objects) {
    await verifySize(store, object)
    const inIt = files.get(object.key) ?? []
    if (inIt.length === 0 && before.objects.has(object.key)) continue
    if (object.key.startsWith('v1/packs/')) await verifyPack(store, object, inIt)
    else if (object.key.startsWith('v1/blobs/')) await verifyBlob(store, object)
  }
  for (const file of fresh) if (file.at.in === 'pieces') await verifyPieces(store, file)
}

function knownOf(known: Manifest | null): { objects: Set<string>; files: Set<string> } {
  return {
    objects: new Set(known?.objects.map(({ key }) => key)),
    files: new Set(known === null ? [] : filesOf(known).map(nameOf)),
  }
}

/** Content and place: two files of one name are one and the same to a verifier. */
function nameOf({ sha256: hash, size, at }: FileEntry): string {
  return JSON.stringify([hash, size, at])
}

function packedBy(entries: FileEntry[]): Map<string, FileEntry[]> {
  const files = new Map<string, FileEntry[]>()
  for (const file of entries) {
    const [key] = file.at.in === 'pack' ? objectsOf(file.at) : []
    if (key === undefined) continue
    const others = files.get(key)
    if (others === undefined) files.set(key, [file])
    else others.push(file)
  }
  return files
}

/** Log objects have no hash of their own: the file that lies in them tells whether they are whole. */
async function verifyPieces(store: ObjectStore, file: FileEntry): Promise<void> {
  if (file.at.in !== 'pieces') return
  const hash = createHash('sha256')
  for (const { key, offset, length } of file.at.pieces) {
    const object = await store.get(key)
    hash.update(object.subarray(offset, offset + length))
    await breathe()
  }
  if (hash.digest('hex') === file.sha256) return
  throw failure(`${file.path} is not what was saved.`, { key: file.at.pieces[0]?.key ?? '', path: file.path })
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
