// Sync behind a running session: the log at once and in one put, other files soon and cheaply, each commit one cut, and the way back.
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { Manifest } from '../../protocol/objects.ts'
import { usualRhythm } from '../../runner/sync/rhythm.ts'
import { fakeStore } from '../exams/object-store-fake.ts'
import { eventually } from '../support/eventually.ts'
import { snapshot } from './sync-tree.ts'
import { type Rig, startRig } from './sync-rig.ts'

/** As usual, a hundred times as fast where a test would have to wait. */
const quick = {
  shipMs: 10,
  commitMs: 40,
  turnMs: 30,
  hereMs: 1_000,
  retryMs: { first: 10, last: 40 },
}

let rig: Rig
afterEach(() => rig.close())

const head = () => rig.store.readHead(rig.repl)
const inWorkspace = (...parts: string[]) => join(rig.workspace, ...parts)
const segment = (name: string) => join(rig.state, 'log', name)

/** A session with two files and a log of two segments, the second of which grows. */
async function begin(store?: ObjectStore) {
  rig = await startRig(store, quick)
  writeFileSync(inWorkspace('main.py'), 'print("ada")\n')
  writeFileSync(inWorkspace('large.bin'), Buffer.alloc(1_500_000, 'g'))
  mkdirSync(join(rig.state, 'log'))
  writeFileSync(segment('1-0'), 'whole segment;')
  writeFileSync(segment('1-1'), 'head;')
  // What was just written is looked at twice: nothing here is to be that fresh.
  for (const name of ['main.py', 'large.bin']) utimesSync(inWorkspace(name), 1_000, 1_000)
}

/** Keys that are put, as they are put. */
function counted(store: ObjectStore): { store: ObjectStore; puts: string[] } {
  const puts: string[] = []
  const put: ObjectStore['put'] = async (key, bytes) => {
    await store.put(key, bytes)
    puts.push(key)
  }
  return { puts, store: { ...store, put } }
}

const manifestAtHead = async () => {
  const { manifest } = (await head())!
  return Manifest.parse(JSON.parse(gunzipSync(await rig.store.get(manifest)).toString()))
}

/** As an orchestrator would: HEAD, and the log objects after it. */
async function restoreLast(): Promise<unknown> {
  const { head: at, log } = await rig.door.commits.last(rig.repl)
  rmSync(rig.workspace, { recursive: true, force: true })
  rmSync(rig.state, { recursive: true, force: true })
  return (await rig.restore({ kind: 'manifest', key: at!.manifest, sha256: at!.sha256 }, log)).at(-1)
}

/** Resolves when nothing has been put for some rounds of the quick rhythm. */
async function quiet(puts: string[]): Promise<void> {
  let seen = -1
  let rounds = 0
  await eventually(async () => {
    await new Promise((done) => setTimeout(done, quick.commitMs))
    rounds = puts.length === seen ? rounds + 1 : 0
    seen = puts.length
    return rounds >= 4
  })
}

test('F-6 what the log gets is put as one object, however many writes and segments; when nothing is added nothing is put', async () => {
  const { store, puts } = counted(fakeStore().store)
  await begin(store)
  const following = rig.follow()
  await eventually(head)
  await quiet(puts)
  const before = puts.length

  appendFileSync(segment('1-1'), 'ada;')
  writeFileSync(segment('1-2'), 'grace;')
  await eventually(() => puts.length > before)
  await quiet(puts)

  const added = puts.slice(before).filter((key) => key.includes('/log/'))
  expect(added.length).toBeLessThanOrEqual(2)
  expect(puts.slice(before)).toEqual(added)
  await following.stop()
})

test('F-6 F-7 the usual rhythm leaves room for the work itself: 2 s for the log, 30 s for the rest', () => {
  expect(usualRhythm.shipMs).toBeLessThanOrEqual(1_000)
  expect(usualRhythm.commitMs).toBeLessThanOrEqual(20_000)
  expect(usualRhythm.retryMs.first).toBeLessThanOrEqual(1_000)
})

test('F-7 one changed file costs at most three puts, and nothing when nothing changed', async () => {
  const { store, puts } = counted(fakeStore().store)
  await begin(store)
  for (let n = 0; n < 50; n++) writeFileSync(inWorkspace(`other-${n}`), `other ${n}`)
  const following = rig.follow()
  await eventually(head)
  await quiet(puts)
  const first = await manifestAtHead()
  const before = puts.length

  appendFileSync(segment('1-1'), 'an edit;')
  writeFileSync(inWorkspace('main.py'), 'print("grace")\n')
  utimesSync(inWorkspace('main.py'), 2_000, 2_000)
  await eventually(async () => (await head())?.manifest !== first.parent && puts.length > before)
  await quiet(puts)

  const kinds = puts.slice(before).map((key) => key.replace(/^v1\/(repls\/\w+\/)?(\w+)\/.*$/, '$2'))
  expect(kinds.filter((kind) => kind === 'packs')).toHaveLength(1)
  expect(kinds.filter((kind) => kind === 'blobs')).toEqual([])
  // A file that was read in the instant of its change is looked at once more: then the list alone is put again.
  expect(kinds.filter((kind) => kind === 'manifests').length).toBeLessThanOrEqual(2)
  const now = await manifestAtHead()
  const placeOf = (manifest: Manifest, path: string) =>
    manifest.workspace.flatMap((entry) => (entry.kind === 'file' && entry.path === path ? [entry.at] : []))
  expect(placeOf(now, 'other-7')).toEqual(placeOf(first, 'other-7'))
  expect(placeOf(now, 'main.py')).not.toEqual(placeOf(first, 'main.py'))
  await following.stop()
})

test('F-7 manifests form a chain from commit to commit, and a cut that is not the next one does not move HEAD', async () => {
  await begin()
  const following = rig.follow()
  const heads: string[] = []
  for (let n = 0; n < 3; n++) {
    writeFileSync(inWorkspace(`step-${n}`), `step ${n}`)
    await eventually(async () => {
      const at = await head()
      if (at === null || heads.includes(at.manifest)) return false
      const isIn = (await manifestAtHead()).workspace.some(({ path }) => path === `step-${n}`)
      return isIn && heads.push(at.manifest) > 0
    })
  }
  await following.stop()
  const last = await manifestAtHead()
  expect(last.parent).not.toBeNull()

  const stale = { repl: rig.repl, generation: 1, key: heads[0]!, sha256: 'a'.repeat(64) }
  await expect(rig.door.commits.advance(stale, 1)).rejects.toMatchObject({ code: 'verify-failed' })
  const elsewhere = await rig.flush(7)
  await expect(
    rig.door.commits.advance({ repl: rig.repl, generation: 1, ...elsewhere }, 1),
  ).rejects.toMatchObject({ code: 'conflict' })
  expect((await head())?.manifest).toBe((await rig.door.commits.last(rig.repl)).head?.manifest)
  expect((await manifestAtHead()).workspace).toEqual(last.workspace)
})

test('F-7 F-2 a commit of a running session is refused when something new, or something old, is missing from the store', async () => {
  const { store, objects } = fakeStore()
  await begin(store)
  const following = rig.follow()
  await eventually(head)
  await eventually(() => following.lines.some(({ told }) => told === 'committed'))
  const at = (await head())!.manifest
  const blob = [...objects.keys()].find((key) => key.startsWith('v1/blobs/'))!
  objects.delete(blob)

  writeFileSync(inWorkspace('new.txt'), 'new')
  const isTrouble = (line: { told: string; say?: string }) =>
    line.told === 'trouble' && /missing/.test(line.say ?? '')
  await eventually(() => following.lines.some(isTrouble))

  // What was missing is put again, and the commit lands.
  await eventually(() => objects.has(blob))
  await eventually(async () => (await head())?.manifest !== at)
  await following.stop()
})

test('F-9 links, modes and removed files of a running session come back with the log after them', async () => {
  await begin()
  const following = rig.follow()
  await eventually(head)
  symlinkSync('main.py', inWorkspace('link'))
  rmSync(inWorkspace('large.bin'))
  for (let n = 0; n < 100; n++) {
    appendFileSync(segment('1-1'), `edit ${n};`)
    await new Promise((done) => setTimeout(done, 3))
  }
  await eventually(async () => {
    const paths = (await manifestAtHead()).workspace.map(({ path }) => path)
    return paths.join() === 'link,main.py'
  })
  const shown = snapshot(rig.workspace)
  appendFileSync(segment('1-1'), 'the last;')
  writeFileSync(segment('1-2'), 'and a new segment;')
  const logs = () => [
    readFileSync(segment('1-0')),
    readFileSync(segment('1-1')),
    readFileSync(segment('1-2')),
  ]
  const before = logs()
  await eventually(async () => {
    const keys = await rig.store.list(`v1/repls/${rig.repl}/log/`)
    const objects = await Promise.all(keys.map((key) => rig.store.get(key)))
    return objects.some((bytes) => Buffer.from(bytes).includes('and a new segment;'))
  })
  await following.stop()

  expect(await restoreLast()).toMatchObject({ done: true })

  expect(logs()).toEqual(before)
  expect(snapshot(rig.workspace)).toEqual(shown)
})

test('F-6 F-9 hundreds of pieces are put together, a torn segment that was cut begins again, and all comes back', async () => {
  await begin()
  const following = rig.follow()
  await eventually(head)
  const shipped = () => following.lines.filter(({ told }) => told === 'shipped').length
  for (let n = 0; n < 80; n++) {
    const before = shipped()
    appendFileSync(segment('1-1'), `edit ${n};`)
    await eventually(() => shipped() > before)
  }
  writeFileSync(inWorkspace('main.py'), 'print("grace")\n')
  const isFolded = async () => {
    const entry = (await manifestAtHead()).state.find(({ path }) => path === 'log/1-1')
    return entry?.kind === 'file' && entry.at.in === 'pieces' && entry.at.pieces.length < 30
  }
  await eventually(isFolded)
  truncateSync(segment('1-1'), 40)
  writeFileSync(segment('1-2'), 'after the cut;')
  const at = (await head())!.manifest
  writeFileSync(inWorkspace('after.txt'), 'after')
  await eventually(
    async () => (await head())?.manifest !== at && !(await rig.door.commits.last(rig.repl)).log.length,
  )
  await following.stop()
  const [torn, after] = [readFileSync(segment('1-1')), readFileSync(segment('1-2'))]

  expect(await restoreLast()).toMatchObject({ done: true })

  expect([readFileSync(segment('1-1')), readFileSync(segment('1-2'))]).toEqual([torn, after])
})

test('F-9 a log object that is damaged ends what is laid over, and is told', async () => {
  const { store, objects } = fakeStore()
  await begin(store)
  const following = rig.follow()
  await eventually(head)
  await eventually(() => following.lines.some(({ told }) => told === 'committed'))
  await following.stop()
  const next = await rig.door.commits.nextLog(rig.repl, 1)
  const late = rig.follow({
    log: next,
    parent: { key: (await head())!.manifest, sha256: (await head())!.sha256 },
  })
  for (const word of ['one;', 'two;', 'three;']) {
    const before = late.lines.filter(({ told }) => told === 'shipped').length
    appendFileSync(segment('1-1'), word)
    await eventually(() => late.lines.filter(({ told }) => told === 'shipped').length > before)
  }
  await late.stop()
  const { head: at, log } = await rig.door.commits.last(rig.repl)
  expect(log.length).toBe(3)
  const damaged = Buffer.from(objects.get(log[1]!)!)
  damaged[3]! ^= 1
  objects.set(log[1]!, damaged)

  const source = { kind: 'manifest', key: at!.manifest, sha256: at!.sha256 } as const
  expect((await rig.restore(source, log)).at(-1)).toMatchObject({ done: true, unread: 2 })

  expect(readFileSync(segment('1-1'), 'utf8')).toBe('head;one;')
})

test('F-8 the log of a commit is read after its files: whatever a file holds, the log of the same cut tells of it', async () => {
  await begin()
  const following = rig.follow()
  let n = 0
  // As the runner does: first the log says what will be in the file, then the file is replaced.
  const typing = setInterval(() => {
    n += 1
    appendFileSync(segment('1-1'), `intent ${n};`)
    writeFileSync(join(rig.root, 'next'), `version ${n}`)
    renameSync(join(rig.root, 'next'), inWorkspace('main.py'))
  }, 1)
  const seen = new Set<string>()
  await eventually(async () => {
    const at = await head()
    if (at === null || seen.has(at.manifest)) return false
    seen.add(at.manifest)
    return seen.size >= 6
  }, 20_000).finally(() => clearInterval(typing))
  await following.stop()

  for (const key of seen) {
    const sha256 = createHash('sha256')
      .update(await rig.store.get(key))
      .digest('hex')
    await rig.restore({ kind: 'manifest', key, sha256 })
    const [version] = /\d+/.exec(
      readFileSync(inWorkspace('main.py'), 'utf8').replace('print("ada")', '0'),
    ) ?? ['0']
    expect(`intent 0;${readFileSync(segment('1-1'), 'utf8')}`).toContain(`intent ${version};`)
  }
})

test('F-7 a file that never rests, small or large, does not keep the others from being backed up', async () => {
  await begin()
  writeFileSync(inWorkspace('server.log'), 'line\n')
  const busy = setInterval(() => {
    appendFileSync(inWorkspace('server.log'), 'line\n')
    appendFileSync(inWorkspace('large.bin'), 'more')
  }, 0)
  const following = rig.follow()
  try {
    for (let n = 0; n < 5; n++) {
      writeFileSync(inWorkspace(`quiet-${n}`), `quiet ${n}`)
      await eventually(async () =>
        (await manifestAtHead()).workspace.some(({ path }) => path === `quiet-${n}`),
      )
    }
  } finally {
    clearInterval(busy)
  }
  const paths = () => manifestAtHead().then(({ workspace }) => workspace.map(({ path }) => path))
  await eventually(async () => (await paths()).includes('large.bin'))
  const shown = snapshot(rig.workspace)
  await eventually(async () => {
    const entry = (await manifestAtHead()).workspace.find(({ path }) => path === 'large.bin')
    return entry?.kind === 'file' && shown.some((line) => line.includes(entry.sha256))
  })
  await following.stop()

  expect(await restoreLast()).toMatchObject({ done: true })

  expect(snapshot(rig.workspace)).toEqual(shown)
})

test('F-6 F-7 a sync that begins anew behind a running session puts nothing twice', async () => {
  const { store, puts } = counted(fakeStore().store)
  await begin(store)
  const first = rig.follow()
  await eventually(head)
  await quiet(puts)
  await first.stop()
  const before = puts.length

  const { manifest, sha256 } = (await head())!
  const second = rig.follow({
    parent: { key: manifest, sha256 },
    log: await rig.door.commits.nextLog(rig.repl, 1),
  })
  await quiet(puts)
  expect(puts.slice(before)).toEqual([])

  appendFileSync(segment('1-1'), 'an edit;')
  await eventually(() => puts.length > before)
  await quiet(puts)
  expect(puts.slice(before).map((key) => key.includes('/log/1-'))).toEqual([true])
  await second.stop()
})

test('R-7 a flush ends the following before it begins, and no following ends a flush', async () => {
  const { store } = fakeStore()
  await begin(store)
  const following = rig.follow()
  await eventually(head)
  const gate = { open: (): void => undefined }
  const opened = new Promise<void>((open) => (gate.open = open))
  const put = store.put.bind(store)
  rig.store.put = async (key, bytes) => {
    if (key.includes('/manifests/1-9-')) await opened
    await put(key, bytes)
  }

  const flushing = rig.flush(9)
  await following.ended
  expect(following.lines.at(-1)).toMatchObject({ told: 'ended' })
  const late = rig.follow()
  await late.ended
  gate.open()

  expect(late.lines).toEqual([{ told: 'ended', say: expect.stringContaining('newer one') }])
  expect((await flushing).key).toContain('/manifests/1-9-')
})

test('F-7 the runner is told which of its log is in a verified commit, segment by segment, and that is no change itself', async () => {
  const { store, puts } = counted(fakeStore().store)
  await begin(store)
  const headFrom = (seq: number) => {
    const bytes = Buffer.concat([Buffer.from('DVXLOG\0\x01', 'latin1'), Buffer.alloc(8)])
    bytes.writeBigUInt64BE(BigInt(seq), 8)
    return bytes
  }
  writeFileSync(segment('2-0'), headFrom(1))
  writeFileSync(segment('10-0'), headFrom(500))
  const following = rig.follow()

  await eventually(() => readFileSync(join(rig.state, 'shipped'), 'utf8') === '499')

  await quiet(puts)
  const before = puts.length
  await quiet(puts)
  expect(puts.length).toBe(before)
  await following.stop()
})
