// Parks what an overtaken session had not backed up: a zip of its changed files and its last log, under `orphans/` alone.
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, createWriteStream, realpathSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { FollowProgress, FollowRequest } from '../../protocol/control.ts'
import { asAppError } from '../../protocol/errors.ts'
import { objectKeys, type Parked } from '../../protocol/objects.ts'
import type { Committing } from './commit.ts'
import type { Inventory } from './inventory.ts'
import { uploadOf } from './manifest.ts'
import { readVersion } from './read.ts'
import { type Remote, remoteOf } from './remote.ts'
import { retryAfter, type Rhythm } from './rhythm.ts'
import { type Closing, type Found, walk } from './walk.ts'
import { zipOf } from './zip.ts'

export type Parking = {
  committing: Committing
  isOurs: () => boolean
  signal: AbortSignal
  told: (progress: FollowProgress) => void
  rhythm: Rhythm
  log: Logger
}
type FoundFile = Found & { kind: 'file' }

const nothing = 'A newer session of this REPL has begun. Everything of this one was backed up before.'
const parkedSay = 'A newer session of this REPL has begun. What was not backed up yet is kept beside it.'

/** Tried until it succeeds: what is parked is nowhere else. Answers what to tell. */
export async function park(request: FollowRequest, parking: Parking): Promise<string> {
  for (let failures = 1; ; failures++) {
    try {
      return (await parkOnce(request, parking)) ? parkedSay : nothing
    } catch (thrown) {
      parking.signal.throwIfAborted()
      const error = asAppError(thrown)
      parking.log.warn({ code: error.code, ...error.log, err: error.cause ?? error }, 'parking failed')
      parking.told({ told: 'trouble', say: error.say })
      await wait(retryAfter(parking.rhythm, failures), undefined, { signal: parking.signal })
    }
  }
}

/** False when there was nothing to park. */
async function parkOnce(request: FollowRequest, { committing, isOurs, signal }: Parking): Promise<boolean> {
  if (!isOurs()) return false
  const { target } = request
  const remote = remoteOf(target, signal)
  const narrow = remoteOf({ ...target, grant: await remote.park() }, signal)
  const name = Date.now().toString(36) + randomBytes(2).toString('hex')
  const keyOf = (what: string) => objectKeys.orphan(target.repl, target.generation, what)
  const log = await parkLog(narrow, keyOf(`log-${name}`), committing.tail.rest())
  const files = await parkFiles(narrow, keyOf(`files-${name}.zip`), committing)
  if (log === null && files === null) return false
  await narrow.parked({ files, log })
  return true
}

async function parkLog(remote: Remote, key: string, rest: Buffer | null): Promise<Parked['log']> {
  if (rest === null) return null
  await remote.put(uploadOf(key, rest))
  return { key, bytes: rest.length }
}

async function parkFiles(
  remote: Remote,
  key: string,
  { folders, learnt }: Committing,
): Promise<Parked['files']> {
  const root = realpathSync(folders.workspace, 'buffer')
  const closings: Closing[] = []
  const folder = await mkdtemp(join(tmpdir(), 'devex-parked-'))
  try {
    const changed = await changedFiles(root, await walk(root, closings), learnt.workspace)
    if (changed.length === 0) return null
    const zip = join(folder, 'files.zip')
    await pipeline(zipOf(root, changed), createWriteStream(zip, { mode: 0o600 }))
    await putFile(remote, key, zip)
    return { key, files: changed.length, bytes: changed.reduce((sum, { size }) => sum + size, 0) }
  } finally {
    for (const close of closings.toReversed()) close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Files that are not in the store as they are now. */
async function changedFiles(root: Buffer, found: Found[], known: Inventory): Promise<FoundFile[]> {
  const changed: FoundFile[] = []
  const taker = () => () => undefined
  for (const file of found) {
    if (file.kind !== 'file' || known.unchanged(file) !== null) continue
    const version = await readVersion({ root, path: file.path, taker, ifRestless: 'take' })
    if (version !== null && known.placeOf(version) === null) changed.push(file)
  }
  return changed
}

async function putFile(remote: Remote, key: string, path: string): Promise<void> {
  const md5 = createHash('md5')
  for await (const piece of createReadStream(path)) md5.update(piece)
  const { size } = await stat(path)
  await remote.put({ key, bytes: size, md5: md5.digest('base64'), body: () => createReadStream(path) })
}
