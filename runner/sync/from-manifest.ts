// Fills a session's folders from a verified cut: fetches its packs and blobs, checks every hash, plants every entry.
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import type { RestoreRequest, SyncTarget, VerifiedManifest } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { Manifest, objectKeys, packMagic } from '../../protocol/objects.ts'
import { grow, type WantedFile } from './grow.ts'
import { countsOf } from './manifest.ts'
import { plantExactly, hasExactTar } from './plant-exact.ts'
import { plant, type Planter } from './plant.ts'
import { type Remote, remoteOf } from './remote.ts'
import type { Report, Restoring, Staged } from './restore.ts'
import { turns } from './turns.ts'

type Counts = { files: number; bytes: number }
type Source = RestoreRequest['source'] & { kind: 'manifest' }
type Wanted = { target: SyncTarget; source: Source; staged: Staged }

/** Objects fetched at the same time: the network's pauses are filled, memory stays at a few packs. */
const lanes = 3
/** Bytes that a manifest may have when unpacked. */
const manifestBytes = 1024 * 1024 * 1024

export async function fillFromManifest(
  { target, source, staged }: Wanted,
  restoring: Restoring,
): Promise<Counts> {
  const remote = remoteOf(target, restoring.signal)
  const manifest = await readManifest(remote, source)
  if (manifest.repl !== target.repl) throw damaged('The last backup is of another REPL.', { key: source.key })
  const planters = await plantersAt(staged)
  try {
    const files = await grow(planters.workspace, manifest.workspace)
    files.push(...(await grow(planters.state, manifest.state)))
    await fetchAll({ remote, files }, restoring)
    await planters.workspace.finish()
    await planters.state.finish()
    return countsOf(manifest)
  } finally {
    await planters.workspace.abandon()
    await planters.state.abandon()
  }
}

/** Times come back to the nanosecond where the system has a tar for it, else to the microsecond. */
async function plantersAt({ workspace, state }: Staged): Promise<{ workspace: Planter; state: Planter }> {
  if (await hasExactTar()) return { workspace: plantExactly(workspace), state: plantExactly(state) }
  return { workspace: plant(Buffer.from(workspace)), state: plant(Buffer.from(state)) }
}

async function fetchAll(
  { remote, files }: { remote: Remote; files: WantedFile[] },
  { signal, report }: Restoring,
) {
  const told = teller(report, files.length)
  await inLanes(jobsOf(files), async (job) => {
    signal.throwIfAborted()
    await (job.key.startsWith('v1/packs/') ? unpack(remote, job, told) : fetchWhole(remote, job, told))
  })
}

/** A manifest whose bytes are those that were verified. */
export async function readManifest(remote: Remote, { key, sha256 }: VerifiedManifest): Promise<Manifest> {
  const bytes = await buffer(await remote.get(key))
  if (hashOf(bytes) !== sha256) throw damaged('The list of files of the last backup was altered.', { key })
  return Manifest.parse(JSON.parse(gunzipSync(bytes, { maxOutputLength: manifestBytes }).toString('utf8')))
}

type Job = { key: string; files: WantedFile[] }

/** What to fetch, and the files of each object in the order in which they lie there. */
function jobsOf(files: WantedFile[]): Job[] {
  const jobs = new Map<string, WantedFile[]>()
  for (const file of files) {
    const key = jobNameOf(file)
    const known = jobs.get(key)
    if (known === undefined) jobs.set(key, [file])
    else known.push(file)
  }
  return [...jobs].map(([key, files]) => ({ key, files }))
}

/** The object that holds the file; one that lies in pieces is a job of its own. */
function jobNameOf({ entry: { at, path } }: WantedFile): string {
  if (at.in === 'pieces') return `pieces of ${path}`
  return at.in === 'pack' ? objectKeys.pack(at.pack) : objectKeys.blob(at.blob)
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

/** Streams a file that is in no pack to its place, once for each place it has. */
async function fetchWhole(remote: Remote, { files }: Job, told: (bytes: number) => void): Promise<void> {
  for (const file of files) {
    await file.plant(checked(contentOf(remote, file), file))
    told(file.entry.size)
  }
}

async function* contentOf(remote: Remote, { entry: { at } }: WantedFile): AsyncIterable<Buffer> {
  if (at.in === 'blob') yield* await remote.get(objectKeys.blob(at.blob))
  if (at.in !== 'pieces') return
  for (const { key, offset, length } of at.pieces) {
    yield (await buffer(await remote.get(key))).subarray(offset, offset + length)
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
