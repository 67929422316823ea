// Proves a flushed cut from the store alone, sharing nothing with who uploaded it: only then may a sandbox be released.
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { Manifest, packMagic } from '../../protocol/objects.ts'
import { failure, missing } from './failure.ts'
import { type FileEntry, filesOf, objectsOf, treeFault } from './manifest-tree.ts'
import type { ObjectStore } from './object-store.ts'
import { verifyObjects } from './verify-objects.ts'

/** What a flush says it has uploaded. */
export type FlushClaim = { repl: string; generation: number; key: string; sha256: string }

/** A manifest above this is none of ours: a million entries take about a tenth of it. */
const manifestBytes = 1024 * 1024 * 1024

/**
 * Answers the manifest when everything it names is in the store, whole and unaltered; else `verify-failed` saying what is wrong.
 * Of what `known`, a manifest that was verified before, names in the same way, only existence and size are looked at.
 */
export async function verify(
  store: ObjectStore,
  flushed: FlushClaim,
  known: Manifest | null = null,
): Promise<Manifest> {
  const manifest = await readManifest(store, flushed)
  const fault = treeFault(manifest.workspace) ?? treeFault(manifest.state) ?? referenceFault(manifest)
  if (fault !== null) throw failure(fault, { key: flushed.key })
  await verifyObjects(store, manifest, known)
  return manifest
}

/** The manifest that was claimed, its bytes as claimed; what it names is not looked at. */
export async function readManifest(store: ObjectStore, flushed: FlushClaim): Promise<Manifest> {
  // A store that is away gives no verdict: only what is known to be missing is called so.
  if ((await store.head(flushed.key)) === null) throw missing(flushed.key)
  const bytes = await store.get(flushed.key)
  if (sha256(bytes) !== flushed.sha256) throw failure('The list of files was altered.', { key: flushed.key })
  const manifest = parseManifest(bytes, flushed.key)
  if (manifest.repl !== flushed.repl || manifest.generation !== flushed.generation) {
    throw failure('The list of files is of another REPL or session.', { key: flushed.key })
  }
  return manifest
}

function parseManifest(bytes: Uint8Array, key: string): Manifest {
  try {
    return Manifest.parse(JSON.parse(gunzipSync(bytes, { maxOutputLength: manifestBytes }).toString('utf8')))
  } catch (cause) {
    throw failure('The list of files cannot be read.', { key, cause })
  }
}

/** Every file must lie inside an object that the manifest lists. */
function referenceFault(manifest: Manifest): string | null {
  const sizes = new Map(manifest.objects.map((object) => [object.key, object.bytes]))
  if (sizes.size !== manifest.objects.length) return 'An object is listed twice.'
  const lost = filesOf(manifest).find((file) => !isInside(file, sizes))
  return lost === undefined ? null : `${lost.path} lies in no object that was uploaded.`
}

function isInside(file: FileEntry, sizes: Map<string, number>): boolean {
  const { at, size } = file
  const bytesOf = (key: string) => sizes.get(key) ?? -1
  if (at.in === 'blob') return at.blob === file.sha256 && objectsOf(at).every((key) => bytesOf(key) === size)
  if (at.in === 'pieces')
    return (
      at.pieces.every(({ key, offset, length }) => offset + length <= bytesOf(key)) && lengthOf(at) === size
    )
  return at.offset >= packMagic.length && objectsOf(at).every((key) => at.offset + at.length <= bytesOf(key))
}

function lengthOf({ pieces }: { pieces: { length: number }[] }): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
