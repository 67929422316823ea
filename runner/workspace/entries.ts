// The list behind the tree: what is known by path and by identity. Pure bookkeeping; looks at no disk.
import type { TreeEntry } from '../../protocol/tree.ts'
import type { Stat } from './stat.ts'
import { sameIdentity } from './stat.ts'

export type Known = { entry: TreeEntry; stat: Stat }

export function entryOf(path: string, stat: Stat, ignored: boolean): TreeEntry {
  const kind = stat.kind === 'folder' ? 'folder' : stat.kind === 'link' ? 'link' : 'file'
  return { path, kind, size: stat.size, mtime: stat.mtime, ...(ignored ? { ignored } : {}) }
}

const identityOf = (stat: Stat): string => `${stat.dev}:${stat.ino}`

export class Entries {
  readonly #known = new Map<string, Known>()
  readonly #paths = new Map<string, string>()

  get size(): number {
    return this.#known.size
  }

  get(path: string): Known | undefined {
    return this.#known.get(path)
  }

  put(known: Known): void {
    this.#forget(known.entry.path)
    this.#known.set(known.entry.path, known)
    this.#paths.set(identityOf(known.stat), known.entry.path)
  }

  /** Removes a path and, of a folder, everything below it. */
  remove(path: string): void {
    for (const below of this.below(path)) this.#forget(below)
    this.#forget(path)
  }

  /** Gives a path and everything below it another place. */
  move(from: string, to: string): void {
    for (const path of [from, ...this.below(from)]) {
      const known = this.#known.get(path)
      if (!known) continue
      this.#forget(path)
      const moved = to + path.slice(from.length)
      this.put({ ...known, entry: { ...known.entry, path: moved } })
    }
  }

  /** The known path of the same thing on disk, if there is one. */
  samePlaceOf(stat: Stat): string | undefined {
    const path = this.#paths.get(identityOf(stat))
    const known = path === undefined ? undefined : this.#known.get(path)
    return known && sameIdentity(known.stat, stat) ? path : undefined
  }

  /** Known paths below `folder`. */
  below(folder: string): string[] {
    if (folder !== '' && this.#known.get(folder)?.entry.kind !== 'folder') return []
    const all = [...this.#known.keys()]
    return folder === '' ? all : all.filter((path) => path.startsWith(`${folder}/`))
  }

  /** Sorted by path, in the order of UTF-16 units. */
  sorted(): TreeEntry[] {
    return [...this.#known.values()].map(({ entry }) => entry).sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  #forget(path: string): void {
    const known = this.#known.get(path)
    if (!known) return
    this.#known.delete(path)
    const identity = identityOf(known.stat)
    if (this.#paths.get(identity) === path) this.#paths.delete(identity)
  }
}
