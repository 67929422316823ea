// Fills a session's folders from a verified cut: fetches its packs and blobs, checks every hash, plants every entry.
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import type { RestoreRequest, SyncTarget } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { Manifest, objectKeys, packMagic } from '../../protocol/objects.ts'
import { countsOf } from './flush.ts'
import { type Growing, grow, type WantedFile } from './grow.ts'
import { type Remote, remoteOf } from './remote.ts'
import type { Report, Restoring, Staged } from './restore.ts'
import { turns } from './turns.ts'

type Source = RestoreRequest['source'] & { kind: 'manifest' }
type Wanted = { target: SyncTarget; source: Source; staged: Staged }

/** Objects fetched at the same time: the network's pauses are filled, memory stays at a few packs. */
const lanes = 3
/** Bytes that a manifest may have when unpacked. */
const manifestBytes = 1024 * 1024 * 1024

export async function fillFromManifest({ target, source, staged }: Wanted, { signal, report }: Restoring) {
  const remote = remoteOf(target, signal)
  const manifest = await fetchManifest(remote, source)
  if (manifest.repl !== target.repl) throw damaged('The last backup is of another REPL.', { key: source.key })
  const growing = [grow(staged.workspace, manifest.workspace), grow(staged.state, manifest.state)]
  const counts = countsOf(manifest)
  const told = teller(report, counts.files)
  await inLanes(jobsOf(growing), async (job) => {
    signal.throwIfAborted()
    await (job.key.startsWith('v1/packs/') ? unpack(remote, job, told) : fetchBlob(remote, job, told))
  })
  for (const tree of growing) tree.finish()
  return counts
}

async function fetchManifest(remote: Remote, { key, sha256 }: Source): Promise<Manifest> {
  const bytes = await buffer(await remote.get(key))
  if (hashOf(bytes) !== sha256) throw damaged('The list of files of the last backup was altered.', { key })
  return Manifest.parse(JSON.parse(gunzipSync(bytes, { maxOutputLength: manifestBytes }).toString('utf8')))
}

type Job = { key: string; files: WantedFile[] }

/** What to fetch, and the files of each object in the order in which they lie there. */
function jobsOf(growing: Growing[]): Job[] {
  const jobs = new Map<string, WantedFile[]>()
  for (const file of growing.flatMap((tree) => tree.files)) {
    const { at } = file.entry
    const key = at.in === 'pack' ? objectKeys.pack(at.pack) : objectKeys.blob(at.blob)
    const known = jobs.get(key)
    if (known === undefined) jobs.set(key, [file])
    else known.push(file)
  }
  return [...jobs].map(([key, files]) => ({ key, files }))
}

/** After a failure no lane begins anything new, and all are at rest before it is thrown. */
async function inLanes<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items].toReversed()
  const faults: unknown[] = []
  const lane = async () => {
    for (let item = waiting.pop(); item !== undefined && faults.length === 0; item = waiting.pop()) {
      await work(item).catch((fault: unknown) => faults.push(fault))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  if (faults.length > 0) throw faults[0]
}

async function unpack(remote: Remote, { key, files }: Job, told: (bytes: number) => void): Promise<void> {
  const pack = await buffer(await remote.get(key))
  if (objectKeys.pack(hashOf(pack)) !== key || !packMagic.every((byte, index) => pack[index] === byte)) {
    throw damaged('A pack of the last backup was altered.', { key })
  }
  const turn = turns()
  for (const file of files) {
    await file.plant([memberOf(pack, file)])
    told(file.entry.size)
    await turn()
  }
}

function memberOf(pack: Buffer, { entry }: WantedFile): Buffer {
  const { at, size, sha256, path } = entry
  if (at.in !== 'pack') throw damaged('A file of the last backup is in no pack.', { path })
  const member = pack.subarray(at.offset, at.offset + at.length)
  const content = gunzipSync(member, { maxOutputLength: Math.max(size, 1) })
  if (content.length === size && hashOf(content) === sha256) return content
  throw damaged('A file of the last backup was altered.', { path })
}

/** Streams a large file to its place, once for each place it has. */
async function fetchBlob(remote: Remote, { key, files }: Job, told: (bytes: number) => void): Promise<void> {
  for (const file of files) {
    await file.plant(checked(await remote.get(key), file))
    told(file.entry.size)
  }
}

async function* checked(pieces: AsyncIterable<Buffer>, { entry }: WantedFile): AsyncIterable<Buffer> {
  const hash = createHash('sha256')
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
  if (hash.digest('hex') !== entry.sha256) {
    throw damaged('A file of the last backup was altered.', { path: entry.path })
  }
}

/** Milliseconds between two lines of progress. */
const progressMs = 100

function teller(report: Report, ofFiles: number): (bytes: number) => void {
  let files = 0
  let bytes = 0
  let last = 0
  return (more) => {
    files += 1
    bytes += more
    if (performance.now() - last < progressMs) return
    last = performance.now()
    report({ done: false, files, ofFiles, bytes })
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function damaged(say: string, log: Record<string, unknown>): AppError {
  return new AppError('start-failed', { say: `${say} Nothing on the disk was changed.`, log })
}
