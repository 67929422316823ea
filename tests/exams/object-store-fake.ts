// An object store in memory that fails on demand: for tests of those who must survive a store that does.
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { AppError } from '../../protocol/errors.ts'
import { Head, ObjectKey, objectKeys } from '../../protocol/objects.ts'

/** How many of the next calls go wrong, and how. */
export type Faults = {
  /** Puts that reject and leave nothing. */
  puts: number
  /** Puts that resolve, though the last byte is missing: a store that lies. */
  shortPuts: number
  /** Gets and reads that reject. */
  gets: number
  /** Moves of HEAD that reject and change nothing. */
  swaps: number
}

export function fakeStore(): { store: ObjectStore; faults: Faults; objects: Map<string, Uint8Array> } {
  const faults: Faults = { puts: 0, shortPuts: 0, gets: 0, swaps: 0 }
  const objects = new Map<string, Uint8Array>()
  const heads = new Map<string, string>()
  const strike = (kind: keyof Faults) => faults[kind] > 0 && faults[kind]-- > 0

  const get = async (key: string) => {
    const object = objects.get(allowed(key))
    if (strike('gets')) throw new AppError('unavailable', { say: 'The store is away.' })
    if (object === undefined) throw new AppError('not-found', { say: 'Not there.' })
    return object
  }
  const readHead = async (repl: string) => {
    const head = heads.get(repl)
    return head === undefined ? null : Head.parse(JSON.parse(head))
  }

  const store: ObjectStore = {
    async put(key, bytes) {
      if (allowed(key).endsWith('/HEAD.json')) throw notAllowed()
      const pieces: Uint8Array[] = []
      for await (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) pieces.push(piece)
      const whole = Buffer.concat(pieces)
      if (strike('puts')) throw new AppError('unavailable', { say: 'The store is away.' })
      if (objects.has(key)) throw new AppError('conflict', { say: 'It is there already.' })
      objects.set(key, strike('shortPuts') ? whole.subarray(0, -1) : whole)
    },
    get,
    async *read(key) {
      yield await get(key)
    },
    async head(key) {
      const object = objects.get(allowed(key))
      return object === undefined ? null : { bytes: object.length }
    },
    async list(prefix) {
      if (!/^v1\/([a-z0-9]+\/)*$/.test(prefix)) throw notAllowed()
      return [...objects.keys()].filter((key) => key.startsWith(prefix)).sort()
    },
    async delete(key) {
      objects.delete(allowed(key))
    },
    readHead,
    async swapHead(repl, expected, next) {
      allowed(objectKeys.head(repl))
      if (strike('swaps')) throw new AppError('unavailable', { say: 'The store is away.' })
      const found = heads.get(repl) ?? 'null'
      if (found !== JSON.stringify(expected)) throw new AppError('conflict', { say: 'HEAD has moved.' })
      heads.set(repl, JSON.stringify(next))
    },
  }
  return { store, faults, objects }
}

function allowed(key: string): string {
  if (ObjectKey.safeParse(key).success) return key
  throw notAllowed()
}

function notAllowed(): AppError {
  return new AppError('bad-input', { say: 'This is no key.' })
}
