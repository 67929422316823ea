// The seam of object stores: what any store promises; which store it is, and who may write to it, is decided elsewhere.
import type { Head } from '../../protocol/objects.ts'

/** An object's bytes: whole, or in pieces so that no large file is ever held in memory. */
export type ObjectBytes = Uint8Array | AsyncIterable<Uint8Array>

/**
 * Every method refuses a key that `ObjectKey` does not allow with `bad-input`. A store that is away or full rejects with
 * `unavailable` or `disk-full`, and has then changed nothing that can be read.
 */
export interface ObjectStore {
  /**
   * Writes an object once: it is whole and durable when this resolves, and never seen before. A second put of the key rejects
   * with `conflict` and leaves the first; pieces that throw leave nothing. HEAD cannot be put: `bad-input`.
   */
  put(key: string, bytes: ObjectBytes): Promise<void>
  /** The whole object, or `not-found`. For objects that are small or packs. */
  get(key: string): Promise<Uint8Array>
  /** The object in pieces, or `not-found`, which is thrown by the first piece. */
  read(key: string): AsyncIterable<Uint8Array>
  /** Its size, or null when there is none. */
  head(key: string): Promise<{ bytes: number } | null>
  /** Keys that begin with `prefix` (a folder of keys, ending in `/`), sorted. */
  list(prefix: string): Promise<string[]>
  /** Removes an object; no error when there is none. */
  delete(key: string): Promise<void>
  /** The repl's HEAD, or null before its first commit. A HEAD that cannot be understood rejects: it is never taken for none. */
  readHead(repl: string): Promise<Head | null>
  /** Moves HEAD if it still is `expected` (by generation, seq and manifest), else rejects with `conflict` and changes nothing. */
  swapHead(repl: string, expected: Head | null, next: Head): Promise<void>
}
