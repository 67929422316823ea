// Turns a folder into manifest entries while its contents go to packs and blobs; a file's entry is of the version that was read.
import { createHash } from 'node:crypto'
import { closeSync, createReadStream, realpathSync } from 'node:fs'
import { AppError } from '../../protocol/errors.ts'
import {
  blobFromBytes,
  type Location,
  type ManifestEntry,
  objectKeys,
  pathText,
} from '../../protocol/objects.ts'
import type { packer } from './pack.ts'
import { openFile, readVersion, type Version } from './read.ts'
import type { Upload } from './remote.ts'
import { turns } from './turns.ts'
import { type Closing, type Found, walk } from './walk.ts'

/** Where contents go. */
export type Sink = { packs: ReturnType<typeof packer>; store(upload: Upload): Promise<void> }

/** An entry whose place is known once the packs are closed. */
type Draft = (places: Map<string, Location>) => ManifestEntry

/** Every entry below `folder`, sorted; call the result when the packs are closed. */
export async function cutOf(folder: string, sink: Sink): Promise<() => ManifestEntry[]> {
  const root = realRoot(folder)
  const turn = turns()
  const drafts: Draft[] = []
  const closings: Closing[] = []
  try {
    for (const found of await walk(root, closings)) {
      await turn()
      const draft = found.kind === 'file' ? await draftOfFile({ root, found, sink }) : draftOf(found)
      if (draft !== null) drafts.push(draft)
    }
  } finally {
    for (const close of closings.toReversed()) close()
  }
  return () => drafts.map((draft) => draft(sink.packs.places))
}

/** A folder that is not there is never flushed as an empty one. */
function realRoot(folder: string): Buffer {
  try {
    return realpathSync(folder, 'buffer')
  } catch (cause) {
    throw new AppError('flush-failed', {
      say: 'The folder to back up is missing.',
      log: { folder },
      cause,
    })
  }
}

function draftOf(found: Found & { kind: 'folder' | 'link' }): Draft {
  const common = commonOf(found.text, found)
  if (found.kind === 'folder') return () => ({ kind: 'folder', ...common })
  const target = pathText(found.target)
  return () => ({ kind: 'link', ...common, target })
}

type FileToCut = { root: Buffer; found: Found & { kind: 'file' }; sink: Sink }

/** Null when the file is gone since it was listed. */
async function draftOfFile(file: FileToCut): Promise<Draft | null> {
  const isBlob = file.found.size > blobFromBytes
  const version = await (isBlob ? storeBlob(file) : addToPack(file))
  if (version === null) return null
  const { sha256, size } = version
  const common = commonOf(file.found.text, version)
  const blob: Location = { in: 'blob', blob: sha256 }
  return (places) => {
    const at = isBlob ? blob : places.get(sha256)
    if (at === undefined) throw new Error('a packed file has no place')
    return { kind: 'file', ...common, size, sha256, at }
  }
}

async function addToPack({ root, found, sink }: FileToCut): Promise<Version | null> {
  let pieces: Buffer[] = []
  const version = await readVersion(root, found.path, () => {
    pieces = []
    return (piece) => void pieces.push(piece)
  })
  if (version !== null) await sink.packs.add(version.sha256, Buffer.concat(pieces))
  return version
}

/** Read twice, once for its hashes and once to be sent: a large file is never whole in memory. The checksum binds both. */
async function storeBlob({ root, found, sink }: FileToCut): Promise<Version | null> {
  let md5 = createHash('md5')
  const version = await readVersion(root, found.path, () => {
    md5 = createHash('md5')
    return (piece) => void md5.update(piece)
  })
  if (version === null) return null
  await sink.store({
    key: objectKeys.blob(version.sha256),
    bytes: version.size,
    md5: md5.digest('base64'),
    body: () => piecesOf(root, found.path, version.size),
  })
  return version
}

async function* piecesOf(root: Buffer, path: Buffer, size: number): AsyncIterable<Buffer> {
  const opened = openFile(root, path)
  if (opened === null)
    throw new AppError('flush-failed', { say: 'A file vanished while it was being backed up.' })
  try {
    yield* createReadStream('', { fd: opened.fd, autoClose: false, start: 0, end: size - 1 })
  } finally {
    closeSync(opened.fd)
  }
}

function commonOf(path: string, { mode, mtimeNs }: { mode: number; mtimeNs: bigint }) {
  return { path, mode, mtimeNs: mtimeNs.toString() }
}
