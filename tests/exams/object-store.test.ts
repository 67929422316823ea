// Every object store takes the same exam; what only a disk can do wrong is asked of the folder alone.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderStore } from '../../orchestrator/objects/folder/start.ts'
import { objectKeys } from '../../protocol/objects.ts'
import { fakeStore } from './object-store-fake.ts'
import { objectStoreExam } from './object-store.ts'

objectStoreExam('a folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'devex-store-'))
  return { store: await folderStore(root), close: () => rm(root, { recursive: true }) }
})

objectStoreExam('the fake that fails on demand', async () => ({
  store: fakeStore().store,
  close: () => Promise.resolve(),
}))

async function withFolder(story: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'devex-store-'))
  try {
    await story(root)
  } finally {
    await rm(root, { recursive: true })
  }
}

const repl = 'a'.repeat(20)
const blob = objectKeys.blob('b'.repeat(64))

test('F-1 what a folder store holds is there for the next process, and what was half written is not', () =>
  withFolder(async (root) => {
    const first = await folderStore(root)
    await first.put(blob, Buffer.from('kept'))
    await writeFile(join(root, 'tmp', 'half-written'), 'ha')

    const second = await folderStore(root)

    expect(Buffer.from(await second.get(blob)).toString()).toBe('kept')
    expect(await readdir(join(root, 'tmp'))).toEqual([])
    await expect(second.put(blob, Buffer.from('other'))).rejects.toMatchObject({ code: 'conflict' })
  }))

test('F-1 a file in the place of a folder is said to be that: nothing is missing, and nothing exists already', () =>
  withFolder(async (root) => {
    const store = await folderStore(root)
    await rm(join(root, 'v1'), { recursive: true, force: true })
    await writeFile(join(root, 'v1'), 'a file')
    const words = {
      code: 'unavailable',
      say: expect.stringContaining('a file lies where one of its folders'),
    }

    await expect(store.get(blob)).rejects.toMatchObject(words)
    await expect(store.head(blob)).rejects.toMatchObject(words)
    await expect(store.put(blob, Buffer.from('x'))).rejects.toMatchObject(words)
    await expect(folderStore(join(root, 'v1'))).rejects.toMatchObject(words)
  }))

test('F-1 a HEAD that cannot be read is never taken for none', () =>
  withFolder(async (root) => {
    const store = await folderStore(root)
    const head = {
      format: 1,
      repl,
      generation: 4,
      seq: 0,
      manifest: 'm',
      sha256: 'c'.repeat(64),
      at: 1,
    } as const
    await store.swapHead(repl, null, head)
    await writeFile(join(root, objectKeys.head(repl)), '{"format":1,')

    await expect(store.readHead(repl)).rejects.toMatchObject({ code: 'verify-failed' })
    await expect(store.swapHead(repl, null, head)).rejects.toMatchObject({ code: 'verify-failed' })
  }))

test('no temporary file is left by puts that succeed, conflict or break off', () =>
  withFolder(async (root) => {
    const store = await folderStore(root)
    await store.put(blob, Buffer.from('one'))
    await store.put(blob, Buffer.from('two')).catch(() => undefined)
    await store
      .put(
        objectKeys.blob('d'.repeat(64)),
        (async function* () {
          yield Buffer.from('half')
          throw new Error('broke')
        })(),
      )
      .catch(() => undefined)

    expect(await readdir(join(root, 'tmp'))).toEqual([])
  }))
