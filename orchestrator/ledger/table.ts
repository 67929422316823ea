// One kind of record in a ledger: parsed when read, changed by compare-and-set. Knows no record's meaning.
import type { z } from 'zod'
import { AppError } from '../../protocol/errors.ts'
import type { Ledger } from './ledger.ts'

export type Row<T> = { id: string; version: number; value: T }

export type Table<T> = {
  get(id: string): Promise<Row<T> | null>
  list(): Promise<Row<T>[]>
  /** Throws `conflict` when the id is taken. */
  create(id: string, value: T): Promise<Row<T>>
  /** Throws `conflict` when the row has changed since it was read. */
  replace(row: Row<T>, value: T): Promise<Row<T>>
  /** Applies `change` to the newest value until it lands; null when there is no such row. `change` may throw to refuse. */
  change(id: string, change: (value: T) => T): Promise<Row<T> | null>
  remove(row: Row<T>): Promise<void>
  watch(tell: (id: string, value: T | null) => void): () => void
}

/** Tries of `change` before it gives up: more writers than this on one record means something is wrong. */
const changeTries = 50

export function table<T>(ledger: Ledger, prefix: string, schema: z.ZodType<T>): Table<T> {
  const row = (entry: { key: string; version: number; value: unknown }): Row<T> => ({
    id: entry.key.slice(prefix.length),
    version: entry.version,
    value: schema.parse(entry.value),
  })
  const self: Table<T> = {
    async get(id) {
      const entry = await ledger.get(prefix + id)
      return entry === null ? null : row(entry)
    },
    list: async () => (await ledger.list(prefix)).map(row),
    create: async (id, value) => row(await ledger.compareAndSet(prefix + id, 0, value)),
    replace: async (old, value) => row(await ledger.compareAndSet(prefix + old.id, old.version, value)),
    async change(id, change) {
      for (let tries = 1; ; tries++) {
        const old = await self.get(id)
        if (old === null) return null
        try {
          return await self.replace(old, change(old.value))
        } catch (thrown) {
          if (!isConflict(thrown) || tries >= changeTries) throw thrown
        }
      }
    },
    remove: (old) => ledger.delete(prefix + old.id, old.version),
    watch: (tell) =>
      ledger.watch(prefix, (entry) => {
        tell(entry.key.slice(prefix.length), entry.gone ? null : schema.parse(entry.value))
      }),
  }
  return self
}

export function isConflict(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === 'conflict'
}
