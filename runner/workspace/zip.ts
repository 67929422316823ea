// A folder of the workspace as a zip in pieces, made while it is read. Links are not followed and not kept; gives way after each piece.
import type { FileHandle } from 'node:fs/promises'
import { setImmediate as giveWay } from 'node:timers/promises'
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate'
import { AppError } from '../../protocol/errors.ts'
import { nameOf } from '../../protocol/paths.ts'
import type { Confined } from './confine.ts'

/** Bytes read and packed at once: a few milliseconds of nobody else's turn. */
const pieceBytes = 64 * 1024
/** What a zip can say of a time: years 1980 to 2099, in milliseconds since 1970. */
const earliest = Date.UTC(1980, 0, 2)
const latest = Date.UTC(2099, 11, 30)

type Readable = Pick<Confined, 'list' | 'open' | 'stat'>
type Found = { path: string; kind: 'file' | 'folder'; mtime: number }

/** Throws `not-found`, or `bad-input` for what is no folder, before its first piece. Names begin with the folder's own. */
export async function* zipOfFolder(confined: Readable, folder: string): AsyncGenerator<Uint8Array> {
  if (confined.stat(folder).kind !== 'folder')
    throw new AppError('bad-input', { say: `${nameOf(folder)} is no folder.` })
  const ready: Uint8Array[] = []
  const zip = new Zip((fault, bytes) => {
    if (fault !== null) throw fault
    ready.push(bytes)
  })
  const above = folder.length - nameOf(folder).length
  for (const found of walk(confined, folder)) {
    for await (const _ of partsOf(confined, zip, { ...found, name: found.path.slice(above) })) {
      yield* ready.splice(0)
      await giveWay()
    }
  }
  zip.end()
  yield* ready
}

/** A folder that goes meanwhile is passed over. */
function* walk(confined: Readable, folder: string): Generator<Found> {
  const waiting: Found[] = [{ path: folder, kind: 'folder', mtime: Date.now() }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next
    if (next.kind === 'file') continue
    for (const { name, stat } of listed(confined, next.path)) {
      const { kind, mtime } = stat
      if (kind === 'file' || kind === 'folder') waiting.push({ path: `${next.path}/${name}`, kind, mtime })
    }
  }
}

function listed(confined: Readable, folder: string): ReturnType<Confined['list']> {
  try {
    return confined.list(folder)
  } catch (thrown) {
    if (thrown instanceof AppError) return []
    throw thrown
  }
}

async function* partsOf(
  confined: Readable,
  zip: Zip,
  { path, kind, mtime, name }: Found & { name: string },
): AsyncGenerator<void> {
  const opened = kind === 'file' ? await openOrNull(confined, path) : null
  if (kind === 'file' && opened === null) return
  const part = opened === null ? new ZipPassThrough(`${name}/`) : new ZipDeflate(name, { level: 1 })
  part.mtime = Math.min(latest, Math.max(earliest, mtime))
  zip.add(part)
  try {
    if (opened !== null)
      for await (const piece of pieces(opened)) {
        part.push(piece)
        yield
      }
    part.push(new Uint8Array(0), true)
    yield
  } finally {
    await opened?.close()
  }
}

async function openOrNull(confined: Readable, path: string): Promise<FileHandle | null> {
  try {
    return (await confined.open(path)).file
  } catch (thrown) {
    if (thrown instanceof AppError) return null
    throw thrown
  }
}

async function* pieces(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes))
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}
