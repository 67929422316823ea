// Lays out a manifest's tree below a fresh folder: folders and links at once, files when their contents come.
import { AppError } from '../../protocol/errors.ts'
import { type ManifestEntry, pathBytes } from '../../protocol/objects.ts'
import { isInside, parentOf } from './names.ts'
import { plant, type Planted } from './plant.ts'

type FileEntry = ManifestEntry & { kind: 'file' }
type Content = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A file that waits for its content. */
export type WantedFile = { entry: FileEntry; plant(content: Content): Promise<void> }
export type Growing = { files: WantedFile[]; finish(): void }

/** Refuses a list that would lead outside or through a link before anything of it is written. */
export function grow(root: string, entries: ManifestEntry[]): Growing {
  const to = plant(Buffer.from(root))
  const placed = entries.map((entry) => ({ entry, at: plantedOf(entry) }))
  const folders = placed.filter(({ entry }) => entry.kind === 'folder')
  refuseOrphans(placed, folders)
  for (const { at } of folders.toSorted((a, b) => a.at.path.length - b.at.path.length)) to.folder(at)
  const files: WantedFile[] = []
  for (const { entry, at } of placed) {
    if (entry.kind === 'link') to.link(at, bytesOf(entry.target))
    if (entry.kind === 'file') files.push({ entry, plant: (content) => to.file(at, content) })
  }
  return { files, finish: () => to.finish() }
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
