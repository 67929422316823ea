// Flush and restore over the real door and a real folder store: what comes back is what was there.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { verify } from '../../orchestrator/objects/verify.ts'
import { readVersion } from '../../runner/sync/read.ts'
import { removeTree } from '../../runner/sync/remove.ts'
import { type Rig, startRig } from './sync-rig.ts'
import { makeTree, snapshot, trees } from './sync-tree.ts'

let rig: Rig
beforeEach(async () => void (rig = await startRig()))
afterEach(() => rig.close())

const last = <T>(items: T[]): T | undefined => items.at(-1)

/** Flushes, verifies, removes both folders, restores. */
async function thereAndBack(seq: number): Promise<void> {
  const flushed = await rig.flush(seq)
  await verify(rig.store, { repl: rig.repl, generation: 1, ...flushed })
  await removeTree(rig.workspace)
  await removeTree(rig.state)
  const progress = await rig.restore({ kind: 'manifest', key: flushed.key, sha256: flushed.sha256 })
  expect(last(progress)).toEqual({ done: true, files: flushed.files, bytes: flushed.bytes })
}

test('R-8 F-4 any tree comes back equal after flush, removal and restore: paths, kinds, modes, times, links, contents', async () => {
  let seq = 0
  await fc.assert(
    fc.asyncProperty(trees, trees, async (workspace, state) => {
      for (const [folder, nodes] of [
        [rig.workspace, workspace],
        [rig.state, state],
      ] as const) {
        await removeTree(folder)
        mkdirSync(folder)
        makeTree(Buffer.from(folder), nodes)
      }
      const before = [snapshot(rig.workspace), snapshot(rig.state)]

      await thereAndBack(seq++)

      expect([snapshot(rig.workspace), snapshot(rig.state)]).toEqual(before)
    }),
    { seed: 20261123, numRuns: 25, interruptAfterTimeLimit: 20_000, endOnFailure: true },
  )
})

test('F-4 a tree as people make it: node_modules, an executable, empty folders, times before 1970, a file of many packs', async () => {
  const at = (...parts: string[]) => join(rig.workspace, ...parts)
  mkdirSync(at('node_modules/.bin'), { recursive: true })
  mkdirSync(at('empty/er'), { recursive: true })
  writeFileSync(at('node_modules/left-pad.js'), 'module.exports = 1\n')
  symlinkSync('../left-pad.js', at('node_modules/.bin/left-pad'))
  writeFileSync(at('run.sh'), '#!/bin/sh\n')
  chmodSync(at('run.sh'), 0o755)
  for (let n = 0; n < 40; n++) writeFileSync(at(`part-${n}`), Buffer.alloc(900_000, `${n} `))
  writeFileSync(at('large.bin'), Buffer.alloc(5_000_000, 'large'))
  lutimesSync(at('run.sh'), new Date(-86_400_000), new Date(-86_400_000))
  chmodSync(at('empty'), 0o555)
  const before = snapshot(rig.workspace)

  await thereAndBack(0)

  expect(snapshot(rig.workspace)).toEqual(before)
  expect((await rig.store.list('v1/packs/')).length).toBeGreaterThan(1)
  expect((await rig.store.list('v1/blobs/')).length).toBe(1)
})

test('F-4 what its owner may not read comes back too, and is left as it was', async () => {
  const at = (...parts: string[]) => join(rig.workspace, ...parts)
  mkdirSync(at('closed', 'inner'), { recursive: true })
  writeFileSync(at('closed/inner/secret'), 'mine', { mode: 0o000 })
  writeFileSync(at('closed/large'), Buffer.alloc(1_200_000, 's'), { mode: 0o200 })
  mkdirSync(at('read-only'))
  writeFileSync(at('read-only/cached'), 'by a package manager', { mode: 0o444 })
  chmodSync(at('read-only'), 0o555)
  const close = () => {
    chmodSync(at('closed/inner'), 0o100)
    chmodSync(at('closed'), 0o000)
  }
  /** Looks inside as root would: modes of what is closed are read before it is opened, and given back. */
  const look = () => {
    const modes = [statSync(at('closed')).mode & 0o7777]
    chmodSync(at('closed'), 0o700)
    modes.push(statSync(at('closed/inner')).mode & 0o7777)
    chmodSync(at('closed/inner'), 0o700)
    const secret = statSync(at('closed/inner/secret'), { bigint: true })
    const large = statSync(at('closed/large'), { bigint: true })
    const found = [secret, large].flatMap(({ mode, mtimeNs, size }) => [mode & 0o7777n, mtimeNs, size])
    close()
    return [...modes, ...found]
  }
  close()
  const before = look()

  const flushed = await rig.flush()
  expect(look()).toEqual(before)
  await rig.restore({ kind: 'manifest', key: flushed.key, sha256: flushed.sha256 })

  expect(look()).toEqual(before)
  expect(flushed.files).toBe(3)
  expect(statSync(at('read-only')).mode & 0o7777).toBe(0o555)
})

test('F-4 links are never followed, neither out of the workspace nor round in a circle', async () => {
  const secret = join(rig.root, 'secret')
  mkdirSync(secret)
  writeFileSync(join(secret, 'key'), 'not yours')
  symlinkSync(secret, join(rig.workspace, 'out'))
  symlinkSync('.', join(rig.workspace, 'round'))
  const before = snapshot(rig.workspace)

  await thereAndBack(0)

  expect(snapshot(rig.workspace)).toEqual(before)
  expect(readFileSync(join(secret, 'key'), 'utf8')).toBe('not yours')
  expect(await rig.store.list('v1/packs/')).toEqual([])
})

test('F-4 sockets, pipes and our own temporary files are passed over', async () => {
  writeFileSync(join(rig.workspace, 'kept'), 'kept')
  writeFileSync(join(rig.workspace, '.devex-tmp-half'), 'half')
  mkdirSync(join(rig.workspace, '.devex-tmp'))
  execFileSync('mkfifo', [join(rig.workspace, 'pipe')])
  const server = createServer().listen(join(rig.workspace, 'socket'))
  await once(server, 'listening')

  const flushed = await rig.flush()
  server.close()

  expect(flushed.files).toBe(1)
  await rig.restore({ kind: 'manifest', key: flushed.key, sha256: flushed.sha256 })
  expect(readdirSync(rig.workspace)).toEqual(['kept'])
})

test('F-4 what a backup cannot keep as it is, is counted and said', async () => {
  writeFileSync(join(rig.workspace, 'one'), 'same')
  linkSync(join(rig.workspace, 'one'), join(rig.workspace, 'two'))
  execFileSync('mkfifo', [join(rig.workspace, 'pipe')])

  const flushed = await rig.flush()

  expect(flushed.notes).toEqual({ leftOut: 1, parted: 2 })
  await rig.restore({ kind: 'manifest', key: flushed.key, sha256: flushed.sha256 })
  expect(readdirSync(rig.workspace)).toEqual(['one', 'two'])
  rmSync(join(rig.workspace, 'two'))
  expect((await rig.flush()).notes).toBeUndefined()
})

test('F-4 an unchanged tree costs no second copy, and each manifest is one of its own', async () => {
  writeFileSync(join(rig.workspace, 'a'), 'same')
  writeFileSync(join(rig.workspace, 'b'), 'same')
  const first = await rig.flush(7)
  const objects = await rig.store.list('v1/packs/')

  const second = await rig.flush(7)

  expect(await rig.store.list('v1/packs/')).toEqual(objects)
  expect([first.key, second.key].map((key) => key.split('/').at(-1))).toEqual(['1-7-0', '1-7-1'])
})

test('R-8 a restore takes the place of what was there, and leaves nothing beside it', async () => {
  writeFileSync(join(rig.workspace, 'main.py'), 'print(1)\n')
  const flushed = await rig.flush()
  writeFileSync(join(rig.workspace, 'main.py'), 'print(2)\n')
  writeFileSync(join(rig.workspace, 'later.py'), '')

  await rig.restore({ kind: 'manifest', key: flushed.key, sha256: flushed.sha256 })

  expect(readdirSync(rig.workspace)).toEqual(['main.py'])
  expect(readFileSync(join(rig.workspace, 'main.py'), 'utf8')).toBe('print(1)\n')
  await expect.poll(() => readdirSync(join(rig.root, 'repl')).sort()).toEqual(['state', 'workspace'])
})

test('a first start takes the files of its template, and an empty state', async () => {
  const template = join(rig.root, 'template')
  mkdirSync(join(template, 'src'), { recursive: true })
  writeFileSync(join(template, 'src/main.py'), 'print("hi")\n')
  writeFileSync(join(template, 'run.sh'), '#!/bin/sh\n')
  chmodSync(join(template, 'run.sh'), 0o755)
  utimesSync(join(template, 'run.sh'), 1, 1)
  writeFileSync(join(rig.state, 'old'), 'of somebody else')

  const progress = await rig.restore({ kind: 'template', folder: template })

  expect(last(progress)).toEqual({ done: true, files: 2, bytes: 22 })
  expect(readFileSync(join(rig.workspace, 'src/main.py'), 'utf8')).toBe('print("hi")\n')
  expect(statSync(join(rig.workspace, 'run.sh')).mode & 0o111).toBe(0o111)
  expect(statSync(join(rig.workspace, 'run.sh')).mtimeMs).toBeGreaterThan(1e12)
  expect(readdirSync(rig.state)).toEqual([])
})

test('F-4 a file that changes while it is read is read again, so that its entry is of one version', async () => {
  const path = join(rig.workspace, 'busy')
  writeFileSync(path, 'first version')
  let reads = 0
  let content = ''

  const taker = () => {
    content = ''
    return (piece: Buffer) => {
      content += piece.toString()
      if (++reads === 1) writeFileSync(path, 'second version, longer')
    }
  }
  const version = await readVersion({
    root: Buffer.from(rig.workspace),
    path: Buffer.from('busy'),
    taker,
    ifRestless: 'refuse',
  })

  expect(content).toBe('second version, longer')
  expect(version?.size).toBe(content.length)
  expect(existsSync(path)).toBe(true)
})

test('F-4 a file whose folder was swapped for a link is not read', async () => {
  const outside = join(rig.root, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'key'), 'not yours')
  symlinkSync(outside, join(rig.workspace, 'folder'))

  const [root, path] = [Buffer.from(rig.workspace), Buffer.from('folder/key')]
  const taker = () => () => undefined
  expect(await readVersion({ root, path, taker, ifRestless: 'refuse' })).toBeNull()
})
