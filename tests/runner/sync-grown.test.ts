// A file that grows between listing and reading is not gathered in memory.
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blobFromBytes } from '../../protocol/objects.ts'
import { cutOf, type Sink } from '../../runner/sync/cut.ts'
import { tempFolder } from '../support/folders.ts'

test('F-4 a small file that grew large since it was listed is given up for this flush, not taken into memory', async () => {
  const folder = await tempFolder()
  const path = join(folder.path, 'growing')
  writeFileSync(path, 'small')
  const taken: number[] = []
  const inventory = {
    unchanged: () => {
      truncateSync(path, blobFromBytes * 3)
      return null
    },
    before: () => null,
    placeOf: () => null,
    learn: () => undefined,
  }
  const packs = {
    places: new Map(),
    add: async (_name: string, bytes: Buffer) => void taken.push(bytes.length),
  }
  const sink = (isRunning: boolean) =>
    ({ packs, inventory, isRunning, store: async () => undefined }) as unknown as Sink

  expect((await cutOf(folder.path, sink(true)))()).toEqual([])
  writeFileSync(path, 'small')
  await expect(cutOf(folder.path, sink(false))).rejects.toMatchObject({ code: 'flush-failed' })
  expect(taken).toEqual([])

  await folder.remove()
})
