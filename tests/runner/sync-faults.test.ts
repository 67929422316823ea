// What sync does when the store, the caller, the grant or the backup itself is at fault: it says so, and breaks nothing.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { verify } from '../../orchestrator/objects/verify.ts'
import { Manifest, objectKeys } from '../../protocol/objects.ts'
import { fakeStore } from '../exams/object-store-fake.ts'
import { type Rig, startRig } from './sync-rig.ts'

let rig: Rig
afterEach(() => rig.close())

const begin = async (store?: ObjectStore) => {
  rig = await startRig(store)
  writeFileSync(join(rig.workspace, 'main.py'), 'print("ada")\n')
  writeFileSync(join(rig.workspace, 'large.bin'), Buffer.alloc(2_000_000, 'g'))
  writeFileSync(join(rig.state, 'log'), 'edits')
}
const source = (flushed: { key: string; sha256: string }) =>
  ({ kind: 'manifest', key: flushed.key, sha256: flushed.sha256 }) as const
const claim = (flushed: { key: string; sha256: string }) => ({ repl: rig.repl, generation: 1, ...flushed })

test('F-3 a flush of an older session is refused with 409 and changes nothing', async () => {
  await begin()
  rig.fence.generation = 2

  const answer = await rig.post('/flush', {
    target: rig.target,
    workspace: rig.workspace,
    state: rig.state,
    seq: 1,
  })

  expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'stale-generation' }])
  expect(await rig.store.list('v1/')).toEqual([])
})

test('R-7 a store that fails at any put fails the flush, and the next flush is whole', async () => {
  const { store, faults, objects } = fakeStore()
  await begin(store)
  for (let survivors = 0; survivors < 3; survivors++) {
    objects.clear()
    let puts = 0
    const put = store.put.bind(store)
    rig.store.put = async (key, bytes) => {
      if (puts++ === survivors) faults.puts = 1
      await put(key, bytes)
    }
    await expect(rig.flush(), `put ${survivors}`).rejects.toMatchObject({ code: 'unavailable' })
    expect([...objects.keys()].filter((key) => key.includes('manifests'))).toEqual([])

    await verify(store, claim(await rig.flush()))
    rig.store.put = put
  }
})

test('R-7 F-2 a store that loses the end of an object is found out, and the next flush heals it', async () => {
  const { store, faults } = fakeStore()
  await begin(store)
  faults.shortPuts = 1
  const flushed = await rig.flush()
  await expect(verify(store, claim(flushed))).rejects.toMatchObject({ code: 'verify-failed' })

  const again = await rig.flush()

  await verify(store, claim(again))
})

test('R-7 a workspace that is missing is never flushed as an empty one', async () => {
  await begin()
  rmSync(rig.workspace, { recursive: true })

  await expect(rig.flush()).rejects.toMatchObject({ code: 'flush-failed' })
  expect((await rig.store.list('v1/repls/')).length).toBe(0)
})

test('R-6 a restore from an altered, short or missing object says so and leaves the disk as it was', async () => {
  const { store, objects } = fakeStore()
  await begin(store)
  const flushed = await rig.flush()
  writeFileSync(join(rig.workspace, 'main.py'), 'print("newer")\n')
  for (const key of Array.from(objects.keys())) {
    const whole = objects.get(key)!
    const flipped = Buffer.from(whole)
    flipped[whole.length - 1]! ^= 1
    for (const damaged of [flipped, whole.subarray(0, -1), null]) {
      if (damaged === null) objects.delete(key)
      else objects.set(key, damaged)

      const progress = await rig.restore(source(flushed))

      expect(progress.at(-1), key).toEqual({ failed: expect.any(String) })
      expect(readFileSync(join(rig.workspace, 'main.py'), 'utf8')).toBe('print("newer")\n')
      expect(readdirSync(join(rig.root, 'repl')).sort()).toEqual(['state', 'workspace'])
      objects.set(key, whole)
    }
  }
  expect((await rig.restore(source(flushed))).at(-1)).toMatchObject({ done: true })
  expect(readFileSync(join(rig.workspace, 'main.py'), 'utf8')).toBe('print("ada")\n')
})

test('W-1 a backup that names a path outside, or below a link, is refused and writes nothing anywhere', async () => {
  await begin()
  const flushed = await rig.flush()
  const whole = Manifest.parse(JSON.parse(gunzipSync(await rig.store.get(flushed.key)).toString()))
  const file = whole.workspace.find((entry) => entry.path === 'main.py')!
  const outside = join(rig.root, 'outside')
  mkdirSync(outside)
  const link = { kind: 'link', path: 'a', mode: 0o777, mtimeNs: '0', target: outside } as const
  const bad = [
    [{ ...file, path: '../escaped' }],
    [{ ...file, path: `${outside}/escaped` }],
    [link, { ...file, path: 'a/escaped' }],
    [
      { ...link, path: 'x', kind: 'folder' as const },
      { ...file, path: 'x/../../escaped' },
    ],
    [{ ...file, path: `base64:${Buffer.from('../escaped').toString('base64')}` }],
  ]
  for (const [index, workspace] of bad.entries()) {
    const bytes = gzipSync(JSON.stringify({ ...whole, workspace }))
    const key = objectKeys.manifest(rig.repl, 1, 50, index)
    await rig.store.put(key, bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')

    const progress = await rig.restore({ kind: 'manifest', key, sha256 })

    expect(progress.at(-1), JSON.stringify(workspace)).toEqual({ failed: expect.any(String) })
  }
  expect(readdirSync(outside)).toEqual([])
  expect(readdirSync(rig.root).sort()).toEqual(['outside', 'repl', 'store'])
  expect(readdirSync(rig.workspace).sort()).toEqual(['large.bin', 'main.py'])
})

/** A rig whose store stops in the middle of the next reads until the gate opens. */
async function beginGated() {
  const { store } = fakeStore()
  await begin(store)
  const flushed = await rig.flush()
  writeFileSync(join(rig.workspace, 'main.py'), 'print("running on")\n')
  const gate = gateOf()
  const read = store.read.bind(store)
  rig.store.read = async function* (key) {
    gate.arrive()
    await gate.opened
    yield* read(key)
  }
  const ungate = () => (rig.store.read = read)
  return { flushed, gate, ungate }
}

test('R-8 a restore that is overtaken by a newer one puts nothing in place', async () => {
  const { flushed, gate, ungate } = await beginGated()
  const template = join(rig.root, 'template')
  mkdirSync(template)
  writeFileSync(join(template, 'fresh.py'), '')

  const first = rig.restore(source(flushed))
  await gate.arrived
  ungate()
  const second = rig.restore({ kind: 'template', folder: template })
  gate.open()

  expect((await first).at(-1)).toEqual({ failed: expect.any(String) })
  expect((await second).at(-1)).toMatchObject({ done: true })
  expect(readdirSync(rig.workspace)).toEqual(['fresh.py'])
})

test('R-8 a restore whose caller hangs up puts nothing in place', async () => {
  const { flushed, gate } = await beginGated()
  const { workspace, state, target } = rig
  const caller = new AbortController()

  const asked = rig.post('/restore', { target, workspace, state, source: source(flushed) }, caller.signal)
  const answer = await asked
  await gate.arrived
  caller.abort()
  await expect(answer.text()).rejects.toThrow()
  await expect.poll(() => readdirSync(join(rig.root, 'repl')).sort()).toEqual(['state', 'workspace'])
  gate.open()

  expect(readFileSync(join(rig.workspace, 'main.py'), 'utf8')).toBe('print("running on")\n')
})

test('A-1 sync serves only who has its secret, and refuses what it cannot read', async () => {
  await begin()
  const bare = await fetch(`${rig.sync.url}/flush`, { method: 'POST', body: '{}' })
  const broken = await rig.post('/flush', { target: rig.target, workspace: 7 })
  const lost = await rig.post('/elsewhere', {})

  expect([bare.status, await bare.json()]).toMatchObject([401, { code: 'bad-token' }])
  expect([broken.status, await broken.json()]).toMatchObject([400, { code: 'bad-input' }])
  expect(lost.status).toBe(404)
  expect(await rig.store.list('v1/')).toEqual([])
})

function gateOf() {
  let open = () => {}
  let arrive = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  return { opened, arrived, open, arrive }
}
