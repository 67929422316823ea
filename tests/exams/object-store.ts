// The exam of every object store: what the seam promises, asked of any implementation.
import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { newReplId } from '../../protocol/ids.ts'
import { type Head, objectKeys } from '../../protocol/objects.ts'

export type StoreUnderExam = { store: ObjectStore; close(): Promise<void> }

const hash = (digit: string) => digit.repeat(64)
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const repl = newReplId(randomBytes)

function headAt(generation: number, seq: number): Head {
  const manifest = objectKeys.manifest(repl, generation, seq, 0)
  return { format: 1, repl, generation, seq, manifest, sha256: hash('a'), at: 1 }
}

async function* pieces(...parts: string[]): AsyncIterable<Uint8Array> {
  for (const part of parts) yield Buffer.from(part)
}

async function* breakingOff(): AsyncIterable<Uint8Array> {
  yield Buffer.from('half of ')
  throw new Error('the line broke')
}

export function objectStoreExam(name: string, start: () => Promise<StoreUnderExam>): void {
  describe(`object store: ${name}`, () => {
    let under: StoreUnderExam
    let store: ObjectStore
    beforeEach(async () => {
      under = await start()
      store = under.store
    })
    afterEach(() => under.close())

    test('what was put is there, whole and in pieces, with its size', async () => {
      const key = objectKeys.blob(hash('1'))
      await store.put(key, pieces('hello ', 'world'))

      expect(text(await store.get(key))).toBe('hello world')
      expect(text(await buffer(store.read(key)))).toBe('hello world')
      expect(await store.head(key)).toEqual({ bytes: 11 })
    })

    test('an object that is not there is null to head and not-found to get and read', async () => {
      const key = objectKeys.pack(hash('2'))

      expect(await store.head(key)).toBeNull()
      await expect(store.get(key)).rejects.toMatchObject({ code: 'not-found' })
      await expect(buffer(store.read(key))).rejects.toMatchObject({ code: 'not-found' })
      await expect(store.delete(key)).resolves.toBeUndefined()
    })

    test('F-1 a second put of a key conflicts and the first stays', async () => {
      const key = objectKeys.blob(hash('3'))
      await store.put(key, Buffer.from('first'))

      await expect(store.put(key, Buffer.from('second'))).rejects.toMatchObject({ code: 'conflict' })
      expect(text(await store.get(key))).toBe('first')
    })

    test('F-1 of many who put one key at the same time exactly one wins, and its bytes are whole', async () => {
      const key = objectKeys.manifest(repl, 1, 1, 0)
      const racers = Array.from({ length: 12 }, (_, index) => `racer ${index} `.repeat(2000))

      const results = await Promise.allSettled(racers.map((body) => store.put(key, Buffer.from(body))))

      const won = results.flatMap((result, index) => (result.status === 'fulfilled' ? [racers[index]] : []))
      expect(won).toEqual([text(await store.get(key))])
    })

    test('F-1 pieces that break off leave nothing, and the key can still be put', async () => {
      const key = objectKeys.blob(hash('4'))

      await expect(store.put(key, breakingOff())).rejects.toThrow()

      expect(await store.head(key)).toBeNull()
      expect(await store.list('v1/blobs/')).toEqual([])
      await store.put(key, Buffer.from('whole'))
      expect(text(await store.get(key))).toBe('whole')
    })

    test('an empty object is an object', async () => {
      await store.put(objectKeys.blob(hash('5')), new Uint8Array())

      expect(await store.head(objectKeys.blob(hash('5')))).toEqual({ bytes: 0 })
    })

    test('list answers the keys below a prefix, sorted, and delete takes one away', async () => {
      const keys = [2, 10, 1].map((seq) => objectKeys.manifest(repl, 3, seq, 0))
      for (const key of keys) await store.put(key, Buffer.from('m'))
      await store.put(objectKeys.pack(hash('6')), Buffer.from('p'))

      expect(await store.list(objectKeys.ofRepl(repl))).toEqual(keys.toSorted())
      expect(await store.list('v1/packs/')).toEqual([objectKeys.pack(hash('6'))])
      expect(await store.list('v1/blobs/')).toEqual([])
      await store.delete(objectKeys.pack(hash('6')))
      expect(await store.list('v1/packs/')).toEqual([])
    })

    test('a key that is none of ours is refused by every method, and nothing is read or written', async () => {
      const bad = [
        '',
        '/etc/passwd',
        '../outside',
        'v1/packs/../../outside',
        `v1/packs/${hash('A')}`,
        `v1/packs/${hash('a')}/x`,
        `v1/repls/${repl}/orphans/1/../../x`,
        `v1/repls/${repl}/manifests/1-1-0\n`,
        `v1/blobs/${hash('a')}\0`,
      ]
      for (const key of bad) {
        await expect(store.put(key, Buffer.from('x')), key).rejects.toMatchObject({ code: 'bad-input' })
        await expect(store.get(key), key).rejects.toMatchObject({ code: 'bad-input' })
        await expect(buffer(store.read(key)), key).rejects.toMatchObject({ code: 'bad-input' })
        await expect(store.head(key), key).rejects.toMatchObject({ code: 'bad-input' })
        await expect(store.delete(key), key).rejects.toMatchObject({ code: 'bad-input' })
      }
      for (const prefix of ['', '/', '../', 'v1/../', 'v1']) {
        await expect(store.list(prefix), prefix).rejects.toMatchObject({ code: 'bad-input' })
      }
    })

    test('F-1 HEAD is null first, moves from what it is, and is never put', async () => {
      expect(await store.readHead(repl)).toBeNull()
      await store.swapHead(repl, null, headAt(1, 0))
      await store.swapHead(repl, headAt(1, 0), headAt(1, 7))

      expect(await store.readHead(repl)).toEqual(headAt(1, 7))
      await expect(store.put(objectKeys.head(repl), Buffer.from('{}'))).rejects.toMatchObject({
        code: 'bad-input',
      })
    })

    test('F-1 HEAD moves for nobody who expects another one', async () => {
      await store.swapHead(repl, null, headAt(2, 5))

      await expect(store.swapHead(repl, null, headAt(3, 0))).rejects.toMatchObject({ code: 'conflict' })
      await expect(store.swapHead(repl, headAt(1, 5), headAt(3, 0))).rejects.toMatchObject({
        code: 'conflict',
      })
      await expect(store.swapHead(repl, headAt(2, 4), headAt(3, 0))).rejects.toMatchObject({
        code: 'conflict',
      })
      expect(await store.readHead(repl)).toEqual(headAt(2, 5))
    })

    test('F-1 of many who move HEAD from the same place exactly one wins', async () => {
      const racers = Array.from({ length: 10 }, (_, index) => headAt(index + 1, 0))

      const results = await Promise.allSettled(racers.map((next) => store.swapHead(repl, null, next)))

      const won = results.flatMap((result, index) => (result.status === 'fulfilled' ? [racers[index]] : []))
      expect(won).toEqual([await store.readHead(repl)])
    })
  })
}
