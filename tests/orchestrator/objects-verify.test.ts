// The verifier against a store that lost, shortened or altered something, and against lists of files that are no tree.
import { createHash, randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { verify } from '../../orchestrator/objects/verify.ts'
import { newReplId } from '../../protocol/ids.ts'
import { type Manifest, type ManifestEntry, objectKeys, packMagic } from '../../protocol/objects.ts'
import { fakeStore } from '../exams/object-store-fake.ts'

const repl = newReplId(randomBytes)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A store with one pack of two files and one blob, and the manifest of them. */
async function startStory() {
  const { store, objects, faults } = fakeStore()
  const small = [Buffer.from('print("ada")\n'), Buffer.from('print("grace")\n')]
  const members = small.map((content) => gzipSync(content))
  const pack = Buffer.concat([packMagic, ...members])
  const large = Buffer.alloc(1_500_000, 'x')
  const keys = { pack: objectKeys.pack(sha256(pack)), blob: objectKeys.blob(sha256(large)) }
  await store.put(keys.pack, pack)
  await store.put(keys.blob, large)

  const common = { mode: 0o644, mtimeNs: '1700000000000000001' }
  const offsets = [packMagic.length, packMagic.length + members[0]!.length]
  const inPack = (path: string, index: number): ManifestEntry => ({
    kind: 'file',
    path,
    ...common,
    size: small[index]!.length,
    sha256: sha256(small[index]!),
    at: { in: 'pack', pack: sha256(pack), offset: offsets[index]!, length: members[index]!.length },
  })
  const workspace: ManifestEntry[] = [
    inPack('a.py', 0),
    {
      kind: 'file',
      path: 'big.bin',
      ...common,
      size: large.length,
      sha256: sha256(large),
      at: { in: 'blob', blob: sha256(large) },
    },
    { kind: 'folder', path: 'lib', ...common, mode: 0o755 },
    inPack('lib/b.py', 1),
    { kind: 'link', path: 'link', ...common, target: '/etc' },
  ]
  const manifest: Manifest = {
    format: 1,
    repl,
    generation: 3,
    seq: 9,
    parent: null,
    at: 1,
    objects: [
      { key: keys.pack, bytes: pack.length },
      { key: keys.blob, bytes: large.length },
    ],
    workspace,
    state: [],
  }
  let attempt = 0
  /** Stores a manifest as a flush would and answers the claim about it. */
  const claim = async (changed: unknown = manifest) => {
    const bytes = gzipSync(JSON.stringify(changed))
    const key = objectKeys.manifest(repl, 3, 9, attempt++)
    await store.put(key, bytes)
    return { repl, generation: 3, key, sha256: sha256(bytes) }
  }
  return { store, objects, faults, keys, pack, manifest, claim, inPack, common }
}

const verifyFailed = (what: RegExp) =>
  expect.objectContaining({ code: 'verify-failed', say: expect.stringMatching(what) })

test('F-2 a whole cut is verified and its manifest answered', async () => {
  const { store, manifest, claim } = await startStory()

  expect(await verify(store, await claim())).toEqual(manifest)
})

test('F-2 a missing object is found, whichever it is', async () => {
  const { store, keys, claim } = await startStory()
  const flushed = await claim()
  for (const key of [keys.pack, keys.blob, flushed.key]) {
    const kept = await store.get(key)
    await store.delete(key)
    await expect(verify(store, flushed)).rejects.toEqual(verifyFailed(/missing/))
    await store.put(key, kept)
  }
  await verify(store, flushed)
})

test('F-2 a short object is found, also when the store lied at the put', async () => {
  const { store, objects, faults, keys, pack, claim } = await startStory()
  const flushed = await claim()
  objects.set(keys.blob, objects.get(keys.blob)!.subarray(1))
  await expect(verify(store, flushed)).rejects.toEqual(verifyFailed(/shorter/))

  const { manifest } = await startStory()
  await store.delete(keys.pack)
  faults.shortPuts = 1
  await store.put(keys.pack, pack)
  await expect(verify(store, await claim({ ...manifest, repl }))).rejects.toEqual(verifyFailed(/shorter/))
})

test('F-2 one flipped bit is found anywhere in any object', async () => {
  const { store, objects, keys, claim } = await startStory()
  const flushed = await claim()
  for (const key of [keys.pack, keys.blob, flushed.key]) {
    const whole = objects.get(key)!
    for (const at of [0, whole.length >> 1, whole.length - 1]) {
      const altered = Buffer.from(whole)
      altered[at]! ^= 1
      objects.set(key, altered)
      await expect(verify(store, flushed), `${key} at ${at}`).rejects.toEqual(verifyFailed(/altered/))
    }
    objects.set(key, whole)
  }
  await verify(store, flushed)
})

test('F-2 a store that is away is a refusal of its own, not a verdict', async () => {
  const { store, faults, claim } = await startStory()
  const flushed = await claim()
  faults.gets = 1

  await expect(verify(store, flushed)).rejects.toMatchObject({ code: 'unavailable' })
  await verify(store, flushed)
})

test('F-2 a manifest of another repl, session or shape is refused', async () => {
  const { store, manifest, claim } = await startStory()
  const others = [
    { ...manifest, repl: newReplId(randomBytes) },
    { ...manifest, generation: 2 },
    { ...manifest, format: 2 },
    'no manifest',
  ]
  for (const other of others) {
    await expect(verify(store, await claim(other))).rejects.toEqual(verifyFailed(/list of files/))
  }
})

test('F-2 a list of files that is no tree inside the workspace is refused', async () => {
  const { store, manifest, claim, inPack, common } = await startStory()
  const link: ManifestEntry = { kind: 'link', path: 'link', ...common, target: '/etc' }
  const bad: [string, ManifestEntry[]][] = [
    ['above', [inPack('../a', 0)]],
    ['inside out', [{ kind: 'folder', path: 'x', ...common }, inPack('x/../../a', 0)]],
    ['absolute', [inPack('/etc/passwd', 0)]],
    ['hidden above', [inPack(`base64:${Buffer.from('../\xff', 'latin1').toString('base64')}`, 0)]],
    ['two spellings', [inPack(`base64:${Buffer.from('a.py').toString('base64')}`, 0)]],
    ['out of order', [inPack('b', 0), inPack('a', 0)]],
    ['twice', [inPack('a', 0), inPack('a', 1)]],
    ['through a link', [link, inPack('link/passwd', 0)]],
    ['in no folder', [inPack('lost/a', 0)]],
    ['with a NUL', [inPack('a\0b', 0)]],
  ]
  for (const [name, entries] of bad) {
    const flushed = await claim({ ...manifest, workspace: entries })
    await expect(verify(store, flushed), name).rejects.toEqual(verifyFailed(/path|order|folder/))
    const inState = await claim({ ...manifest, state: entries })
    await expect(verify(store, inState), `${name} in state`).rejects.toEqual(
      verifyFailed(/path|order|folder/),
    )
  }
})

test('F-2 a file that lies outside its pack, in no listed object, or is not what its pack holds is refused', async () => {
  const { store, manifest, claim, inPack } = await startStory()
  const file = inPack('a.py', 0)
  if (file.kind !== 'file' || file.at.in !== 'pack') throw new Error('not packed')
  const bad = [
    { ...file, at: { ...file.at, length: file.at.length + 1_000_000 } },
    { ...file, at: { ...file.at, offset: 0 } },
    { ...file, at: { ...file.at, pack: 'e'.repeat(64) } },
    { ...file, at: { in: 'blob', blob: file.sha256 } },
    { ...file, at: { ...file.at, length: file.at.length - 1 } },
    { ...file, size: file.size - 1 },
    { ...file, sha256: 'f'.repeat(64) },
  ]
  for (const wrong of bad) {
    const flushed = await claim({ ...manifest, workspace: [wrong] })
    await expect(verify(store, flushed)).rejects.toEqual(verifyFailed(/a\.py/))
  }
  expect(gunzipSync(await store.get((await claim()).key)).length).toBeGreaterThan(0)
})
