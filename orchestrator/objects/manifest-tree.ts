// Whether a manifest's list of entries is a tree that may be restored: sorted, unique, inside, and never through a link.
import {
  type Location,
  type Manifest,
  type ManifestEntry,
  objectKeys,
  pathBytes,
} from '../../protocol/objects.ts'

export type FileEntry = ManifestEntry & { kind: 'file' }

/** Every file of the cut, the person's and ours. */
export function filesOf(manifest: Manifest): FileEntry[] {
  return [...manifest.workspace, ...manifest.state].filter((entry) => entry.kind === 'file')
}

/** Keys of the objects that hold a file's bytes. */
export function objectsOf(at: Location): string[] {
  if (at.in === 'pack') return [objectKeys.pack(at.pack)]
  return at.in === 'blob' ? [objectKeys.blob(at.blob)] : at.pieces.map(({ key }) => key)
}

/** What is wrong with the entries, or null. */
export function treeFault(entries: ManifestEntry[]): string | null {
  const folders = new Set<string>([''])
  let before = ''
  for (const entry of entries) {
    if (entry.path <= before) return `${entry.path} is out of order.`
    before = entry.path
    const path = rawPath(entry.path)
    if (path === null) return `${entry.path} is no path inside the workspace.`
    if (entry.kind === 'link' && pathBytes(entry.target) === null) return `${entry.path} is no link.`
    if (entry.kind === 'folder') folders.add(path)
  }
  const lost = entries.find((entry) => !folders.has(folderOf(rawPath(entry.path) ?? '')))
  return lost === undefined ? null : `${lost.path} lies in no folder of the list.`
}

/** The path with one character per byte, or null when it leads outside. */
function rawPath(text: string): string | null {
  const bytes = pathBytes(text)
  if (bytes === null || bytes.includes(0)) return null
  const path = Buffer.from(bytes).toString('latin1')
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..') ? path : null
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0))
}
