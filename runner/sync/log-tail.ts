// Ships what a session's log got since the last time, as one object, and knows in which pieces each segment lies in the store.
// Bytes only: what records mean is the runner's.
import { createHash, type Hash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { constants } from 'node:fs'
import { join } from 'node:path'
import type { SyncTarget } from '../../protocol/control.ts'
import { encodeFrame } from '../../protocol/frames.ts'
import {
  type Location,
  logFolder,
  logMagic,
  logObjectBytes,
  type Manifest,
  objectKeys,
} from '../../protocol/objects.ts'
import type { FileEntry } from './inventory.ts'
import { uploadOf } from './manifest.ts'
import { isErrno } from './errno.ts'
import type { Remote } from './remote.ts'
import { timeAndMode } from './walk.ts'

type Pieces = (Location & { in: 'pieces' })['pieces']
/** What of a segment is in the store: its first `bytes`, whose hash so far is `hash`. */
type Shipped = { bytes: number; hash: Hash; pieces: Pieces; whole: Location | null }
type Found = { segment: string; at: number; bytes: number }
export type Shipment = { key: string; bytes: number }

/** More log objects than this in one segment are put together as one blob, so that a restore stays quick. */
const mostPieces = 64

export const isSegment = (name: string): boolean => /^\d+-\d+$/.test(name)

export class LogTail {
  readonly #folder: string
  readonly #target: SyncTarget
  readonly #segments = new Map<string, Shipped>()
  readonly sizes: Map<string, number>
  /** Number of the next log object. */
  #next: number
  /** One ships at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(session: { state: string; target: SyncTarget; log: number; parent: Manifest | null }) {
    this.#folder = join(session.state, logFolder)
    this.#target = session.target
    this.#next = session.log
    this.sizes = new Map(session.parent?.objects.map(({ key, bytes }) => [key, bytes]))
    for (const entry of session.parent?.state ?? []) this.#continue(entry)
  }

  /** Number of the next log object. */
  get next(): number {
    return this.#next
  }

  /** Names of the segments that are there now. */
  segments(): string[] {
    try {
      return readdirSync(this.#folder).filter(isSegment).sort()
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return []
      throw thrown
    }
  }

  /** True when the log has bytes that are not in the store. */
  isBehind(): boolean {
    return this.#added(1).length > 0
  }

  /** Puts everything that was added; one object, and more only when that would be too large. */
  ship(remote: Remote, shipped: (shipment: Shipment) => void): Promise<void> {
    return this.#inTurn(() => this.#shipAll(remote, shipped))
  }

  /** Ships, and gives the segments as they then lie in the store, with the number of the next log object. */
  cut(remote: Remote, shipped: (shipment: Shipment) => void): Promise<{ log: number; entries: FileEntry[] }> {
    return this.#inTurn(async () => {
      await this.#shipAll(remote, shipped)
      return { log: this.#next, entries: await this.#entries(remote) }
    })
  }

  /** What was added, for whoever has to keep it elsewhere; null when nothing was. */
  rest(): Buffer | null {
    const added = this.#added(Number.MAX_SAFE_INTEGER)
    return added.length === 0 ? null : this.#encode(added).bytes
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** What was there when it began: a log that grows as fast as it is shipped would keep us for ever. */
  async #shipAll(remote: Remote, shipped: (shipment: Shipment) => void): Promise<void> {
    for (let isMore = true; isMore;) {
      const added = this.#added()
      if (added.length > 0) shipped(await this.#shipOne(remote, added))
      isMore = added.reduce((sum, { bytes }) => sum + bytes, 0) >= logObjectBytes
    }
  }

  async #entries(remote: Remote): Promise<FileEntry[]> {
    const entries: FileEntry[] = []
    for (const [segment, shipped] of this.#segments) {
      const stat = lstatSync(join(this.#folder, segment), { bigint: true, throwIfNoEntry: false })
      if (stat === undefined) continue
      await this.#fold(segment, shipped, remote)
      const { mode, mtimeNs } = timeAndMode(stat)
      const sha256 = shipped.hash.copy().digest('hex')
      const at = shipped.whole ?? { in: 'pieces' as const, pieces: [...shipped.pieces] }
      const path = `${logFolder}/${segment}`
      entries.push({ kind: 'file', path, mode, mtimeNs: `${mtimeNs}`, size: shipped.bytes, sha256, at })
    }
    return entries
  }

  async #shipOne(remote: Remote, added: Found[]): Promise<Shipment> {
    const { bytes, contents, payloadAt } = this.#encode(added)
    const { repl, generation } = this.#target
    const number = this.#next
    const key = objectKeys.log(repl, generation, number)
    const isOurs = await remote.put(uploadOf(key, bytes))
    this.#next = number + 1
    // Another put it before us, or our answer was lost: under the next number nobody is in doubt.
    if (!isOurs) return this.#shipOne(remote, added)
    this.sizes.set(key, bytes.length)
    let offset = payloadAt
    for (const [index, content] of contents.entries()) {
      const found = added[index]
      if (found !== undefined) this.#grow(found, content, { key, offset, length: content.length })
      offset += content.length
    }
    return { key, bytes: bytes.length }
  }

  #encode(added: Found[]): { bytes: Buffer; contents: Buffer[]; payloadAt: number } {
    const contents = added.map((found) => this.#read(found))
    const frame = encodeFrame({ pieces: added }, Buffer.concat(contents))
    const bytes = Buffer.concat([logMagic, frame])
    const payload = contents.reduce((sum, content) => sum + content.length, 0)
    return { bytes, contents, payloadAt: bytes.length - payload }
  }

  #grow({ segment }: Found, content: Buffer, piece: Pieces[number]): void {
    const shipped = this.#segments.get(segment) ?? fresh()
    shipped.bytes += content.length
    shipped.hash.update(content)
    shipped.pieces.push(piece)
    this.#segments.set(segment, shipped)
  }

  /** What is on the disk and not in the store, at most one object's worth. A segment that shrank begins again. */
  #added(most: number = logObjectBytes): Found[] {
    const added: Found[] = []
    let room = most
    for (const segment of this.segments()) {
      const stat = lstatSync(join(this.#folder, segment), { throwIfNoEntry: false })
      if (stat === undefined || !stat.isFile()) continue
      if ((this.#segments.get(segment)?.bytes ?? 0) > stat.size) this.#segments.delete(segment)
      const at = this.#restart(segment, stat.size)
      const bytes = Math.min(room, stat.size - at)
      if (bytes <= 0) continue
      added.push({ segment, at, bytes })
      room -= bytes
    }
    return added
  }

  /** Where the part of a segment begins that is not in the store; a packed one cannot grow, so it is shipped again. */
  #restart(segment: string, size: number): number {
    const shipped = this.#segments.get(segment)
    if (shipped === undefined) return 0
    if (shipped.whole === null || shipped.bytes === size) return shipped.bytes
    this.#segments.delete(segment)
    return 0
  }

  #read({ segment, at, bytes }: Found): Buffer {
    const fd = openSync(join(this.#folder, segment), constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const content = Buffer.allocUnsafe(bytes)
      let read = 0
      while (read < bytes) {
        const more = readSync(fd, content, read, bytes - read, at + read)
        if (more === 0) throw new Error('a segment of the log shrank while it was read')
        read += more
      }
      return content
    } finally {
      closeSync(fd)
    }
  }

  /** Takes up what a manifest says of a segment, if its bytes still are what they were. */
  #continue(entry: Manifest['state'][number]): void {
    const name = entry.path.slice(logFolder.length + 1)
    if (entry.kind !== 'file' || !entry.path.startsWith(`${logFolder}/`) || !isSegment(name)) return
    const hash = this.#hashOf(name, entry.size)
    if (hash === null || hash.copy().digest('hex') !== entry.sha256) return
    const { at, size } = entry
    const pieces = at.in === 'pieces' ? at.pieces : at.in === 'blob' ? [blobPiece(at.blob, size)] : []
    this.#segments.set(name, { bytes: size, hash, pieces: [...pieces], whole: at.in === 'pack' ? at : null })
  }

  #hashOf(segment: string, bytes: number): Hash | null {
    const path = join(this.#folder, segment)
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (stat === undefined || !stat.isFile() || stat.size < bytes) return null
    return createHash('sha256').update(this.#read({ segment, at: 0, bytes }))
  }

  /** Many small log objects of a segment become one blob; the objects stay, for whoever restores an older cut. */
  async #fold(segment: string, shipped: Shipped, remote: Remote): Promise<void> {
    const small = shipped.pieces.filter(({ key }) => key.includes('/log/'))
    const first = shipped.pieces.findIndex(({ key }) => key.includes('/log/'))
    if (small.length <= mostPieces || shipped.pieces.length - first !== small.length) return
    const bytes = small.reduce((sum, { length }) => sum + length, 0)
    const content = this.#read({ segment, at: shipped.bytes - bytes, bytes })
    const sha256 = createHash('sha256').update(content).digest('hex')
    const key = objectKeys.blob(sha256)
    await remote.put(uploadOf(key, content))
    this.sizes.set(key, bytes)
    shipped.pieces = [...shipped.pieces.slice(0, first), blobPiece(sha256, bytes)]
  }
}

function fresh(): Shipped {
  return { bytes: 0, hash: createHash('sha256'), pieces: [], whole: null }
}

function blobPiece(sha256: string, bytes: number): Pieces[number] {
  return { key: objectKeys.blob(sha256), offset: 0, length: bytes }
}
