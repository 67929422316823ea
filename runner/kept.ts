// Brings in what an overtaken session left: edits into their documents, files beside what is there. Overwrites nothing.
// Where it was kept, and who may ask, is the orchestrator's.
import { unzipSync } from 'fflate'
import { KeptWork } from '../protocol/control.ts'
import { AppError } from '../protocol/errors.ts'
import { decodeFrame } from '../protocol/frames.ts'
import { folderOf, isWorkspacePath, nameOf } from '../protocol/paths.ts'
import type { TookKept } from '../protocol/repl.ts'
import type { Documents } from './documents/documents.ts'
import { keptUpdates } from './documents/kept-log.ts'
import type { Confined } from './workspace/confine.ts'

export type KeptDeps = {
  documents: Pick<Documents, 'takeKept' | 'settle' | 'pathOf'>
  confined: Confined
  stopping: () => boolean
}

/** As large as a file may be that is compared. */
const comparedBytes = 64 * 1024 * 1024
/** Bytes of all files of one zip: they lie in memory at once. */
const unpackedBytes = 256 * 1024 * 1024

/** `frame`: KeptWork and its bytes. May be asked again: edits that are there are not taken twice, nor files that are equal. */
export async function takeKeptWork(deps: KeptDeps, frame: Uint8Array): Promise<TookKept> {
  refuseAtStop(deps)
  const { header, payload } = decodeFrame(frame)
  const { of, log } = KeptWork.parse(header)
  const { edits, merged } = await takeEdits(deps, payload.subarray(0, log))
  await deps.documents.settle()
  const counts = await takeFiles(deps, { zip: payload.subarray(log), of, merged })
  return { edits, ...counts }
}

/** `merged`: paths of documents that now hold everything that was kept of them. */
async function takeEdits(
  { documents }: KeptDeps,
  log: Uint8Array,
): Promise<{ edits: number; merged: Set<string> }> {
  const { byDocument, isWhole } = keptUpdates(log)
  const merged = new Set<string>()
  let edits = 0
  for (const [doc, updates] of byDocument) {
    const taken = await documents.takeKept(doc, updates)
    edits += taken ?? 0
    const path = documents.pathOf(doc)
    if (isWhole && taken !== null && path !== null) merged.add(path)
  }
  return { edits, merged }
}

type KeptFiles = { zip: Uint8Array; of: number; merged: ReadonlySet<string> }

async function takeFiles(
  deps: KeptDeps,
  { zip, of, merged }: KeptFiles,
): Promise<{ files: number; beside: number }> {
  const counts = { files: 0, beside: 0 }
  if (zip.length === 0) return counts
  for (const [path, bytes] of Object.entries(unpacked(zip))) {
    if (path.endsWith('/') || !isWorkspacePath(path) || merged.has(path)) continue
    const place = await placeFor(deps.confined, { path, bytes, of })
    if (place === null) continue
    refuseAtStop(deps)
    await deps.confined.makeFolders(folderOf(place))
    // Whoever puts something there in this instant keeps it: the question is answered with an error, and asked again.
    await deps.confined.write(place, bytes, { still: (there) => there === null })
    counts[place === path ? 'files' : 'beside'] += 1
  }
  return counts
}

function refuseAtStop({ stopping }: KeptDeps): void {
  if (stopping())
    throw new AppError('read-only', { say: 'The session is stopping; nothing can be changed now.' })
}

/** Refuses, before anything is unpacked, what would be too much for our memory. */
function unpacked(zip: Uint8Array): Record<string, Uint8Array> {
  let bytes = 0
  const filter = ({ originalSize }: { originalSize: number }): boolean => {
    bytes += originalSize
    if (bytes > unpackedBytes)
      throw new AppError('too-large', {
        say: 'This is too much to bring in at once. Download it as a zip instead.',
      })
    return true
  }
  return unzipSync(zip, { filter })
}

/** Its own path where nothing is, a name of its own where something else is; null when it is there already. */
async function placeFor(
  confined: Confined,
  { path, bytes, of }: { path: string; bytes: Uint8Array; of: number },
): Promise<string | null> {
  for (const place of [path, besideName(path, of)]) {
    if (confined.lstat(place) === null) return place
    const there = await confined.read(place, comparedBytes).catch(() => null)
    if (there !== null && Buffer.compare(there.bytes, bytes) === 0) return null
  }
  return besideName(path, of, Date.now().toString(36))
}

/** `src/main.py` of session 3 → `src/main.session-3.py`. */
export function besideName(path: string, of: number, more?: string): string {
  const name = nameOf(path)
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const beside = `${stem}.session-${of}${more === undefined ? '' : `-${more}`}${ending}`
  const folder = folderOf(path)
  return folder === '' ? beside : `${folder}/${beside}`
}
