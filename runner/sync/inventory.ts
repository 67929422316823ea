// What sync knows to be in the store: contents and their places, objects and their sizes, and which files on disk are still those.
import { type Location, type Manifest, type ManifestEntry, objectKeys } from '../../protocol/objects.ts'
import type { Version } from './read.ts'
import type { Found } from './walk.ts'

export type FileEntry = ManifestEntry & { kind: 'file' }
type FoundFile = Found & { kind: 'file' }

/** Of one folder of one session; only what a verified manifest or we ourselves put into the store is in it. */
export class Inventory {
  readonly #places = new Map<string, Location>()
  readonly #files = new Map<string, { stamp: string; entry: FileEntry }>()
  readonly #before = new Map<string, FileEntry>()
  readonly #unsettled = new Set<string>()

  constructor(entries: ManifestEntry[] = []) {
    for (const entry of entries) if (entry.kind === 'file') this.#keep(entry)
  }

  /** The entry of a file whose stamp is the one that was learnt, or null when it must be read. */
  unchanged(found: FoundFile): FileEntry | null {
    const known = this.#files.get(found.text)
    return known !== undefined && known.stamp === found.stamp ? known.entry : null
  }

  /** The entry of the cut before, for a file that cannot be read as a whole now; it will be looked at again. */
  before(found: FoundFile): FileEntry | null {
    this.#unsettled.add(found.text)
    return this.#before.get(found.text) ?? null
  }

  /** Where this content lies already, or null. */
  placeOf(version: { sha256: string; size: number }): Location | null {
    return this.#places.get(contentOf(version)) ?? null
  }

  learn(entry: FileEntry, version: Version): void {
    this.#keep(entry)
    if (version.isSettled) this.#files.set(entry.path, { stamp: version.stamp, entry })
    else this.#files.delete(entry.path)
    if (!version.isSettled) this.#unsettled.add(entry.path)
  }

  #keep(entry: FileEntry): void {
    this.#places.set(contentOf(entry), entry.at)
    this.#before.set(entry.path, entry)
  }

  /** A cut begins: what it reads tells whether all is settled. */
  begin(): void {
    this.#unsettled.clear()
  }

  /** False when a file of the last cut may have changed since it was read without showing it. */
  get isSettled(): boolean {
    return this.#unsettled.size === 0
  }
}

function contentOf({ sha256, size }: { sha256: string; size: number }): string {
  return `${sha256} ${size}`
}

/** Sizes of the objects that are known to be in the store. */
export function sizesOf(manifest: Manifest | null): Map<string, number> {
  return new Map(manifest?.objects.map(({ key, bytes }) => [key, bytes]))
}

/** Keys of the objects in which these entries lie. */
export function objectsOf(entries: ManifestEntry[]): Set<string> {
  return new Set(entries.flatMap((entry) => (entry.kind === 'file' ? keysOf(entry.at) : [])))
}

export function keysOf(at: Location): string[] {
  if (at.in === 'pack') return [objectKeys.pack(at.pack)]
  return at.in === 'blob' ? [objectKeys.blob(at.blob)] : at.pieces.map(({ key }) => key)
}
