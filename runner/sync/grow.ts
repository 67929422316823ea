// Lays out a manifest's tree below a fresh folder: folders and links at once, files when their contents come.
import { AppError } from '../../protocol/errors.ts'
import { type ManifestEntry, pathBytes } from '../../protocol/objects.ts'
import { isInside, parentOf } from './names.ts'
import type { Content, Planted, Planter } from './plant.ts'

type FileEntry = ManifestEntry & { kind: 'file' }

/** A file that waits for its content. */
export type WantedFile = { entry: FileEntry; plant(content: Content): Promise<void> }

/** Refuses a list that would lead outside or through a link before anything of it is written; answers the files that wait. */
export async function grow(to: Planter, entries: ManifestEntry[]): Promise<WantedFile[]> {
  const placed = entries.map((entry) => ({ entry, at: plantedOf(entry) }))
  const folders = placed.filter(({ entry }) => entry.kind === 'folder')
  refuseOrphans(placed, folders)
  for (const { at } of folders.toSorted((a, b) => a.at.path.length - b.at.path.length)) await to.folder(at)
  const files: WantedFile[] = []
  for (const { entry, at } of placed) {
    if (entry.kind === 'link') await to.link(at, bytesOf(entry.target))
    if (entry.kind !== 'file') continue
    files.push({ entry, plant: (content) => to.file({ ...at, size: entry.size }, content) })
  }
  return files
}

type Placed = { entry: ManifestEntry; at: Planted }

/** Each entry lies in a folder of the list: so none can be reached through a link of the list. */
function refuseOrphans(placed: Placed[], folders: Placed[]): void {
  const known = new Set(['', ...folders.map(({ at }) => at.path.toString('latin1'))])
  const lost = placed.find(({ at }) => !known.has(parentOf(at.path).toString('latin1')))
  if (lost !== undefined) throw badPath(lost.entry.path)
}

function plantedOf({ path, mode, mtimeNs }: ManifestEntry): Planted {
  const bytes = bytesOf(path)
  if (!isInside(bytes)) throw badPath(path)
  return { path: bytes, mode, mtimeNs: BigInt(mtimeNs) }
}

function bytesOf(text: string): Buffer {
  const bytes = pathBytes(text)
  if (bytes === null) throw badPath(text)
  return Buffer.from(bytes)
}

function badPath(path: string): AppError {
  return new AppError('bad-path', {
    say: 'The last backup names a path outside the workspace.',
    log: { path },
  })
}
