// A folder, or some of its files, as a zip in pieces, for people to take with them. Nothing is followed; nothing is kept in memory.
import { closeSync, createReadStream, realpathSync } from 'node:fs'
import { Zip, ZipDeflate, type ZipInputFile, ZipPassThrough } from 'fflate'
import { AppError } from '../../protocol/errors.ts'
import { openFile } from './read.ts'
import { turns } from './turns.ts'
import { type Closing, type Found, walk } from './walk.ts'

/** Bytes above which a file is stored as it is: packing it would hold up others for longer than it saves on the line. */
const packedBytes = 4 * 1024 * 1024
/** What a zip can say of a time: years 1980 to 2099. */
const earliest = Date.UTC(1980, 0, 2)
const latest = Date.UTC(2099, 11, 30)
/** Zips made on Unix keep its modes in the upper half of an attribute. */
const unix = 3
const kindBits = { folder: 0o040000, file: 0o100000, link: 0o120000 }

/** Everything below `folder`, until `signal` is aborted. Throws before its first piece when there is no such folder. */
export async function* zipOfFolder(folder: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const root = realFolder(folder)
  const closings: Closing[] = []
  try {
    yield* zipOf(root, await walk(root, closings, { signal }), signal)
  } finally {
    for (const close of closings.toReversed()) close()
  }
}

/** These entries below `root`, which must be a real path. A file that is gone meanwhile is left out. */
export async function* zipOf(
  root: Buffer,
  entries: Iterable<Found>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = []
  const faults: Error[] = []
  const zip = new Zip((fault, bytes) => void (fault === null ? ready.push(bytes) : faults.push(fault)))
  const turn = turns(signal)
  for (const entry of entries) {
    for await (const _ of partsOf(root, entry, zip)) {
      if (faults[0] !== undefined) throw faults[0]
      yield* ready.splice(0)
      await turn()
    }
  }
  zip.end()
  yield* ready
}

/** Adds one entry; gives way after each of its pieces. */
async function* partsOf(root: Buffer, entry: Found, zip: Zip): AsyncGenerator<void> {
  if (entry.kind === 'file') return yield* fileParts(root, entry, zip)
  const name = entry.kind === 'folder' ? `${entry.text}/` : entry.text
  const part = described(new ZipPassThrough(name), entry)
  zip.add(part)
  part.push(entry.kind === 'link' ? new Uint8Array(entry.target) : new Uint8Array(0), true)
  yield
}

async function* fileParts(root: Buffer, entry: Found & { kind: 'file' }, zip: Zip): AsyncGenerator<void> {
  const opened = openFile(root, entry.path)
  if (opened === null) return
  try {
    const part = described(
      entry.size > packedBytes ? new ZipPassThrough(entry.text) : new ZipDeflate(entry.text, { level: 1 }),
      entry,
    )
    zip.add(part)
    const pieces: AsyncIterable<Buffer> = createReadStream('', { fd: opened.fd, autoClose: false })
    for await (const piece of pieces) {
      part.push(new Uint8Array(piece))
      yield
    }
    part.push(new Uint8Array(0), true)
    yield
  } finally {
    closeSync(opened.fd)
  }
}

function described<Part extends ZipInputFile>(part: Part, { mode, mtimeNs, kind }: Found): Part {
  part.mtime = Math.min(latest, Math.max(earliest, Number(mtimeNs / 1_000_000n)))
  part.os = unix
  part.attrs = ((kindBits[kind] | mode) << 16) >>> 0
  return part
}

function realFolder(folder: string): Buffer {
  try {
    return realpathSync(folder, 'buffer')
  } catch (cause) {
    throw new AppError('not-found', {
      say: 'The files of this session are not there.',
      log: { folder },
      cause,
    })
  }
}
