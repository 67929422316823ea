// Turns a folder into manifest entries while its contents go to packs and blobs; a file's entry is of the version that was read.
import { createHash } from 'node:crypto'
import { closeSync, createReadStream, realpathSync } from 'node:fs'
import type { FlushNotes } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import {
  blobFromBytes,
  type Location,
  type ManifestEntry,
  objectKeys,
  pathText,
} from '../../protocol/objects.ts'
import type { packer } from './pack.ts'
import type { FileEntry, Inventory } from './inventory.ts'
import { openFile, readVersion, type Version } from './read.ts'
import type { Upload } from './remote.ts'
import { turns } from './turns.ts'
import { type Closing, type Found, walk } from './walk.ts'

/** Where contents go, and what of them is in the store already. */
export type Sink = {
  packs: ReturnType<typeof packer>
  store(upload: Upload): Promise<void>
  inventory: Inventory
  /** Programs may write meanwhile: a file that never rests is taken as it was read, or as it was known before. */
  isRunning: boolean
  /** True for what is cut by somebody else. */
  leavesOut?(path: string): boolean
  /** Counts what is not kept as it is. */
  notes?: FlushNotes
}

/** An entry whose place is known once the packs are closed. */
type Draft = (places: Map<string, Location>) => ManifestEntry

/**
 * Every entry below `folder`, sorted; call the result when the packs are closed. What lies at the top is read before what lies
 * deeper: our register of documents must not be newer than their snapshots.
 */
export async function cutOf(folder: string, sink: Sink): Promise<() => ManifestEntry[]> {
  const root = realRoot(folder)
  const turn = turns()
  const drafts: Draft[] = []
  const closings: Closing[] = []
  try {
    for (const found of (await walk(root, closings, { notes: sink.notes })).sort(
      (a, b) => depthOf(a) - depthOf(b),
    )) {
      await turn()
      if (sink.leavesOut?.(found.text) === true) continue
      const draft = found.kind === 'file' ? await draftOfFile({ root, found, sink }) : draftOf(found)
      if (draft !== null) drafts.push(draft)
    }
  } finally {
    for (const close of closings.toReversed()) close()
  }
  return () => drafts.map((draft) => draft(sink.packs.places)).sort(byPath)
}

/** The order of a manifest. */
export function byPath(a: ManifestEntry, b: ManifestEntry): number {
  return a.path < b.path ? -1 : 1
}

function depthOf({ path }: Found): number {
  return path.filter((byte) => byte === 0x2f).length
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
  const { found, sink } = file
  const known = sink.inventory.unchanged(found)
  if (known !== null) return () => known
  const isBlob = found.size > blobFromBytes
  const version = await (isBlob ? storeBlob(file) : addToPack(file)).catch(restless(file))
  if (version === 'restless') return draftOfKnown(sink.inventory.before(found))
  if (version === null) return null
  return (places) => {
    const at = sink.inventory.placeOf(version) ?? places.get(version.sha256) ?? blobAt(version)
    const { sha256, size } = version
    const entry: FileEntry = { kind: 'file', ...commonOf(found.text, version), size, sha256, at }
    sink.inventory.learn(entry, version)
    return entry
  }
}

/** A large file was written to between its two readings: while programs run that is no reason to give up all others. */
function restless({ sink }: FileToCut): (thrown: unknown) => 'restless' {
  return (thrown) => {
    const isChanged = thrown instanceof AppError && ['bad-input', 'flush-failed'].includes(thrown.code)
    if (sink.isRunning && isChanged) return 'restless'
    throw thrown
  }
}

function draftOfKnown(known: FileEntry | null): Draft | null {
  return known === null ? null : () => known
}

/** What is in no pack was stored on its own. */
function blobAt({ sha256 }: Version): Location {
  return { in: 'blob', blob: sha256 }
}

async function addToPack({ root, found, sink }: FileToCut): Promise<Version | null> {
  let pieces: Buffer[] = []
  const taker = () => {
    pieces = []
    let bytes = 0
    return (piece: Buffer) => {
      bytes += piece.length
      // It grew since it was listed: a large file is never whole in memory, and is a blob the next time.
      if (bytes > blobFromBytes) throw grew(found)
      pieces.push(piece)
    }
  }
  const version = await readVersion({ root, path: found.path, taker, ifRestless: ifRestless(sink) })
  if (version === null) return null
  if (sink.inventory.placeOf(version) === null) await sink.packs.add(version.sha256, Buffer.concat(pieces))
  return version
}

function grew({ text }: Found): AppError {
  return new AppError('flush-failed', {
    say: 'A file grew while it was being backed up.',
    log: { path: text },
  })
}

function ifRestless({ isRunning }: Sink): 'take' | 'refuse' {
  return isRunning ? 'take' : 'refuse'
}

/** Read twice, once for its hashes and once to be sent: a large file is never whole in memory. The checksum binds both. */
async function storeBlob({ root, found, sink }: FileToCut): Promise<Version | null> {
  let md5 = createHash('md5')
  const taker = () => {
    md5 = createHash('md5')
    return (piece: Buffer) => void md5.update(piece)
  }
  const version = await readVersion({ root, path: found.path, taker, ifRestless: ifRestless(sink) })
  if (version === null || sink.inventory.placeOf(version) !== null) return version
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
