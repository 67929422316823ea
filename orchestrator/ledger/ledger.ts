// The seam of the ledger: where records of people, repls and sessions live. An interface; implementations are beside it.

/** A record as it stands. `version` grows with every change anywhere in the ledger and is never given twice. */
export type Entry = { key: string; version: number; value: unknown }

/** What a watcher is told: the new value, or that the record is gone. */
export type Change = Entry & { gone: boolean }

export interface Ledger {
  get(key: string): Promise<Entry | null>

  /**
   * Writes `value` (JSON) when the record is at version `expected`; 0 means that there is none. Resolves once the change
   * survives a crash. Throws AppError `conflict` when somebody else was first, `unavailable` when it could not be kept;
   * in both cases nothing changed.
   */
  compareAndSet(key: string, expected: number, value: unknown): Promise<Entry>

  /** Every record whose key begins with `prefix`, sorted by key. */
  list(prefix: string): Promise<Entry[]>

  /** Removes the record when it is at version `expected`; otherwise AppError `conflict`. */
  delete(key: string, expected: number): Promise<void>

  /** Tells of each change below `prefix` after it is durable, in order. Gives the way to end it. */
  watch(prefix: string, tell: (change: Change) => void): () => void

  /** Finishes what was asked, then lets go of files and locks. */
  close(): Promise<void>
}
