// What sync does to a folder it does to that folder: programs that swap it for a link lead it nowhere.
import { chmodSync, chownSync, mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFile } from '../../runner/sync/read.ts'
import { sayShipped } from '../../runner/sync/shipped.ts'
import { type Closing, walk } from '../../runner/sync/walk.ts'
import { tempFolder } from '../support/folders.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let root: string
let outside: string
beforeEach(async () => {
  folder = await tempFolder()
  root = join(folder.path, 'workspace')
  outside = join(folder.path, 'outside')
  for (const path of [root, outside, join(root, 'sub')]) mkdirSync(path)
  writeFileSync(join(outside, 'secret'), 'not theirs')
  chmodSync(outside, 0o700)
})
afterEach(() => folder.remove())

const mode = (path: string) => statSync(path).mode & 0o7777

test('W-1 a folder that was swapped for a link is not listed, and nothing behind it is opened', async () => {
  renameSync(join(root, 'sub'), join(root, 'aside'))
  symlinkSync(outside, join(root, 'sub'))

  const found = await walk(Buffer.from(root), [])

  expect(found.map(({ text, kind }) => [text, kind])).toEqual([
    ['aside', 'folder'],
    ['sub', 'link'],
  ])
  expect(openFile(Buffer.from(root), Buffer.from('sub/secret'))).toBeNull()
  await expect(walk(Buffer.from(join(root, 'sub')), [])).rejects.toMatchObject({ code: 'flush-failed' })
})

test.skipIf(process.getuid?.() !== 0)(
  'F-7 word of what is shipped belongs to whoever the runner runs as (tried as root alone)',
  async () => {
    chownSync(root, 1234, 1235)

    await sayShipped(root, 8)

    expect(statSync(join(root, 'shipped'))).toMatchObject({ uid: 1234, gid: 1235 })
  },
)

test('W-1 a folder opened for the backup gets its own mode back; what was put in its place keeps its', async () => {
  chmodSync(join(root, 'sub'), 0o077)
  const closings: Closing[] = []
  await walk(Buffer.from(root), closings)
  expect(mode(join(root, 'sub'))).toBe(0o577)
  renameSync(join(root, 'sub'), join(root, 'aside'))
  symlinkSync(outside, join(root, 'sub'))

  for (const close of closings) close()

  expect(mode(outside)).toBe(0o700)
  expect(mode(join(root, 'aside'))).toBe(0o077)
})
