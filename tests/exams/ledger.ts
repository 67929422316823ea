// The exam of the Ledger seam: what every implementation promises, asked of whatever `open` gives.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../protocol/errors.ts'
import type { Change, Ledger } from '../../orchestrator/ledger/ledger.ts'

export type Sitting = {
  ledger: Ledger
  /** Closes the ledger and opens it again over what is durable. */
  reopen: () => Promise<Ledger>
  end: () => Promise<void>
}

export async function codeOf(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => 'no error',
    (thrown: unknown) => (thrown instanceof AppError ? thrown.code : `not ours: ${String(thrown)}`),
  )
}

export function ledgerExam(name: string, open: () => Promise<Sitting>): void {
  describe(`ledger: ${name}`, () => {
    let sitting: Sitting
    beforeEach(async () => {
      sitting = await open()
    })
    afterEach(() => sitting.end())

    test('what was written is read back, also after it was opened again', async () => {
      const written = await sitting.ledger.compareAndSet('repls/a', 0, {
        name: 'two sum',
        ключ: [1, null, '\n'],
      })

      expect(await sitting.ledger.get('repls/a')).toEqual(written)

      const again = await sitting.reopen()
      expect(await again.get('repls/a')).toEqual(written)
      expect(await again.get('repls/b')).toBeNull()
    })

    test('a write against another version is refused and changes nothing', async () => {
      const first = await sitting.ledger.compareAndSet('a', 0, 1)
      const second = await sitting.ledger.compareAndSet('a', first.version, 2)

      expect(await codeOf(sitting.ledger.compareAndSet('a', 0, 3))).toBe('conflict')
      expect(await codeOf(sitting.ledger.compareAndSet('a', first.version, 3))).toBe('conflict')
      expect(await codeOf(sitting.ledger.delete('a', first.version))).toBe('conflict')

      expect(await sitting.ledger.get('a')).toEqual(second)
    })

    test('R-4 of many writers at once against one version exactly one wins', async () => {
      const first = await sitting.ledger.compareAndSet('a', 0, 'none')

      const tries = Array.from({ length: 20 }, (_, n) => sitting.ledger.compareAndSet('a', first.version, n))
      const settled = await Promise.allSettled(tries)

      const winners = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      expect(winners).toHaveLength(1)
      expect(await sitting.ledger.get('a')).toEqual(winners[0])
    })

    test('a version is never given twice, not after a delete and not after opening again', async () => {
      const seen = new Set<number>()
      let ledger = sitting.ledger
      for (let round = 0; round < 3; round++) {
        const entry = await ledger.compareAndSet('a', 0, round)
        expect(seen.has(entry.version)).toBe(false)
        seen.add(entry.version)
        await ledger.delete('a', entry.version)
        ledger = await sitting.reopen()
      }
      expect(await ledger.get('a')).toBeNull()
    })

    test('a list holds exactly the keys of its prefix, sorted', async () => {
      for (const key of ['p/2', 'p/1', 'q/1', 'p', 'p/10']) await sitting.ledger.compareAndSet(key, 0, key)

      const keys = (await sitting.ledger.list('p/')).map((entry) => entry.key)

      expect(keys).toEqual(['p/1', 'p/10', 'p/2'])
    })

    test('a watcher hears every change of its prefix in order, and nothing after it ended', async () => {
      const heard: Change[] = []
      const end = sitting.ledger.watch('p/', (change) => heard.push(change))

      const one = await sitting.ledger.compareAndSet('p/1', 0, 'one')
      await sitting.ledger.compareAndSet('q/1', 0, 'other')
      await sitting.ledger.delete('p/1', one.version)
      const two = await sitting.ledger.compareAndSet('p/1', 0, 'two')
      end()
      await sitting.ledger.delete('p/1', two.version)

      expect(heard.map((change) => [change.key, change.value, change.gone])).toEqual([
        ['p/1', 'one', false],
        ['p/1', undefined, true],
        ['p/1', 'two', false],
      ])
    })

    test('what the ledger gave or took is nobody else’s to alter', async () => {
      const value = { list: [1] }
      await sitting.ledger.compareAndSet('a', 0, value)
      value.list.push(2)
      const read = (await sitting.ledger.get('a'))?.value as typeof value
      read.list.push(3)

      expect((await sitting.ledger.get('a'))?.value).toEqual({ list: [1] })
    })

    test('a thousand records survive being opened again', async () => {
      await Promise.all(
        Array.from({ length: 1000 }, (_, n) => sitting.ledger.compareAndSet(`many/${n}`, 0, { n })),
      )

      const again = await sitting.reopen()

      const values = (await again.list('many/')).map((entry) => (entry.value as { n: number }).n)
      expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
    })
  })
}
