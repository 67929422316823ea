// One commit of a running session: a cut of its folders whose log is at least as new as its files, put, then handed in.
import { createHash } from 'node:crypto'
import type { SyncTarget, VerifiedManifest } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { logFolder, type Manifest, type ManifestEntry, objectKeys } from '../../protocol/objects.ts'
import { byPath, cutOf, type Sink } from './cut.ts'
import { Inventory } from './inventory.ts'
import { isSegment, type LogTail, type Shipment } from './log-tail.ts'
import { manifestOf, putManifest, uploadOf } from './manifest.ts'
import { packer } from './pack.ts'
import type { Remote } from './remote.ts'
import { firstSeqOf, sayShipped, shippedFile } from './shipped.ts'

export type Folders = { workspace: string; state: string }
/** What was learnt of the store by one session; nothing in it is worth anything once a commit was refused. */
export type Learnt = { workspace: Inventory; state: Inventory; sizes: Map<string, number> }
export type Committing = {
  folders: Folders
  target: SyncTarget
  remote: Remote
  tail: LogTail
  learnt: Learnt
  seq: number
  parent: VerifiedManifest | undefined
  /** Names what the parent holds beside the log, null when that is not known. */
  contents: string | null
  /** Tries before this one of the same generation and seq. */
  attempt: number
  shipped: (shipment: Shipment) => void
}
export type Commit = VerifiedManifest & { at: number; contents: string }

/** A log whose segments vanish while it is cut is cut again this often: its documents' snapshots may be newer than ours. */
const cutTries = 5

export function learntFrom(manifest: Manifest | null): Learnt {
  return {
    workspace: new Inventory(manifest?.workspace),
    state: new Inventory(manifest?.state),
    sizes: new Map(manifest?.objects.map(({ key, bytes }) => [key, bytes])),
  }
}

/** Null when the parent holds all this already. */
export async function commit(of: Committing): Promise<Commit | null> {
  const { workspace, state, log, begunAt, newest } = await wholeCut(of)
  const contents = contentsOf({ workspace, state })
  if (contents === of.contents) return null
  const sizes = new Map([...of.learnt.sizes, ...of.tail.sizes])
  const manifest = manifestOf({ ...of, parent: of.parent?.key, log }, { workspace, state, sizes, begunAt })
  const { key, sha256 } = await putManifest(of.remote, manifest, of.attempt)
  const { at } = await of.remote.commit({ key, sha256 })
  await sayShipped(of.folders.state, newest)
  return { key, sha256, at, contents }
}

export function contentsOf({ workspace, state }: Pick<Manifest, 'workspace' | 'state'>): string {
  const others = state.filter(({ path }) => path !== logFolder && !isOfLog(path))
  return createHash('sha256')
    .update(JSON.stringify([workspace, others]))
    .digest('hex')
}

type WholeCut = {
  workspace: ManifestEntry[]
  state: ManifestEntry[]
  log: number
  begunAt: number
  newest: number | null
}

async function wholeCut(of: Committing): Promise<WholeCut> {
  for (let tries = 0; tries < cutTries; tries++) {
    const begunAt = Date.now()
    const before = of.tail.segments()
    const newest = firstSeqOf(of.folders.state, before)
    const cut = await oneCut(of)
    const after = new Set(of.tail.segments())
    if (before.every((segment) => after.has(segment))) return { ...cut, begunAt, newest }
  }
  throw new AppError('flush-failed', { say: 'The log keeps being tidied while it is being backed up.' })
}

/**
 * The log last: the runner writes what it is about to do to a file into the log first, so whatever version of a file we read,
 * the log that we read afterwards knows it. The other way round a document's text would look like a tool's change, and the
 * edits that the pages hold would come in a second time.
 */
async function oneCut({
  folders,
  learnt,
  remote,
  tail,
  shipped,
}: Committing): Promise<Omit<WholeCut, 'begunAt' | 'newest'>> {
  const store: Sink['store'] = async (upload) => {
    await remote.put(upload)
    learnt.sizes.set(upload.key, upload.bytes)
  }
  learnt.workspace.begin()
  learnt.state.begin()
  const packs = packer(({ sha256, bytes }) => store(uploadOf(objectKeys.pack(sha256), bytes)))
  const sink = { packs, store, isRunning: true }
  const workspace = await cutOf(folders.workspace, { ...sink, inventory: learnt.workspace })
  const state = await cutOf(folders.state, { ...sink, inventory: learnt.state, leavesOut: isOfLog })
  await packs.close()
  const cut = { workspace: workspace(), state: state() }
  if (!cut.state.some(({ kind, path }) => kind === 'folder' && path === logFolder))
    return { ...cut, log: tail.next }
  const { log, entries } = await tail.cut(remote, shipped)
  return { ...cut, log, state: [...cut.state, ...entries].sort(byPath) }
}

function isOfLog(path: string): boolean {
  if (path === shippedFile) return true
  return path.startsWith(`${logFolder}/`) && isSegment(path.slice(logFolder.length + 1))
}
