// The objects door over real HTTP on a real folder: what a grant and a signed address allow, and what they do not.
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { objectsDoor } from '../../orchestrator/objects/door.ts'
import { folderStore } from '../../orchestrator/objects/folder/start.ts'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { AppError } from '../../protocol/errors.ts'
import { newReplId } from '../../protocol/ids.ts'
import { objectKeys, Signed } from '../../protocol/objects.ts'

const repl = newReplId(randomBytes)
const other = newReplId(randomBytes)
const digest = (name: string, bytes: Uint8Array) => createHash(name).update(bytes)
const blobOf = (bytes: Uint8Array) => objectKeys.blob(digest('sha256', bytes).digest('hex'))
const body = Buffer.from('the bytes of a file')
const key = blobOf(body)
const putOf = (name: string, bytes: Uint8Array) => ({
  key: name,
  bytes: bytes.length,
  md5: digest('md5', bytes).digest('base64'),
})

let door: Awaited<ReturnType<typeof startDoor>>
beforeEach(async () => void (door = await startDoor()))
afterEach(() => door.close())

async function startDoor() {
  const root = await mkdtemp(join(tmpdir(), 'devex-door-'))
  const store: ObjectStore = await folderStore(root)
  const clock = { now: 1_000_000 }
  const fence = { generation: 5 }
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  app.use(
    objectsDoor({
      store,
      secret: randomBytes(32),
      baseUrl: url,
      now: () => clock.now,
      checkGrant: async (grant) => {
        const [kind, generation] = [grant.split('-')[0], Number(grant.split('-')[1])]
        if (kind === 'orphans') return { repl, generation, only: 'orphans' }
        if (generation === fence.generation) return { repl, generation }
        throw new AppError('stale-generation', { say: 'A newer session has begun.' })
      },
      commit: async () => ({ at: clock.now }),
      park: async () => 'orphans-4',
      parked: async () => undefined,
    }),
  )
  const ask = (request: unknown, grant = 'grant-5') =>
    fetch(`${url}/v1/objects/sign`, {
      method: 'POST',
      headers: { authorization: `Bearer ${grant}`, 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
  const sign = async (request: { put?: ReturnType<typeof putOf>[]; get?: string[] }) =>
    Signed.parse(await (await ask({ put: [], get: [], ...request })).json()).urls
  const addressTo = async (method: 'put' | 'get', what: Parameters<typeof sign>[0]) => {
    const found = (await sign(what))[0]?.[method]
    if (found === undefined) throw new Error('no address')
    return found
  }
  const put = (to: string, bytes: Uint8Array, md5 = putOf('', bytes).md5) =>
    fetch(to, { method: 'PUT', body: Uint8Array.from(bytes), headers: { 'content-md5': md5 } })
  return {
    root,
    store,
    clock,
    fence,
    url,
    port: address.port,
    ask,
    sign,
    addressTo,
    put,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await rm(root, { recursive: true })
    },
  }
}

test('F-5 a signed address puts its object once, and another gets it', async () => {
  const to = await door.addressTo('put', { put: [putOf(key, body)] })

  expect((await door.put(to, body)).status).toBe(201)

  const again = await door.put(to, body)
  expect([again.status, await again.json()]).toMatchObject([409, { code: 'conflict' }])
  const got = await fetch(await door.addressTo('get', { get: [key] }))
  expect(Buffer.from(await got.arrayBuffer())).toEqual(body)
  expect(got.headers.get('x-content-type-options')).toBe('nosniff')
})

test('F-5 an object that is there already needs no address', async () => {
  await door.store.put(key, body)

  expect(await door.sign({ put: [putOf(key, body)] })).toEqual([])
})

test('F-5 an address is for one key, one length, one checksum and one method', async () => {
  const to = await door.addressTo('put', { put: [putOf(key, body)] })
  const from = await door.addressTo('get', { get: [key] })
  const longer = Buffer.concat([body, body])
  const sameLength = Buffer.from(body).reverse()
  const elsewhere = to.replace(key, blobOf(longer))
  const altered = to.replace(/bytes=\d+/, `bytes=${longer.length}`)

  const answers = [
    await door.put(elsewhere, body),
    await door.put(to, longer),
    await door.put(altered, longer, putOf('', body).md5),
    await door.put(to, sameLength),
    await fetch(to, { method: 'PUT', body: Uint8Array.from(body) }),
    await door.put(from, body),
    await fetch(to),
    await fetch(to.replace('method=PUT', 'method=GET')),
    await fetch(from.replace(/signature=[^&]*/, 'signature=')),
    await fetch(from.replace(/&signature=[^&]*/, '')),
    await fetch(from.replace(/until=\d+/, 'until=9999999999999')),
  ]

  expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 403))
  for (const answer of answers) expect(await answer.json()).toMatchObject({ code: 'forbidden' })
  expect(await door.store.head(key)).toBeNull()
})

test('F-5 an address is good for a short time only', async () => {
  const to = await door.addressTo('put', { put: [putOf(key, body)] })
  door.clock.now += 5 * 60 * 1000 + 1

  const late = await door.put(to, body)

  expect([late.status, await late.json()]).toMatchObject([403, { say: 'This address has expired.' }])
  expect(await door.store.head(key)).toBeNull()
})

test('F-5 bytes that do not match their checksum or their name are not stored', async () => {
  const wrong = Buffer.from(body).reverse()
  const misnamed = await door.addressTo('put', { put: [putOf(key, wrong)] })
  const mischecked = await door.addressTo('put', { put: [putOf(key, body)] })

  expect((await door.put(misnamed, wrong)).status).toBe(400)
  expect((await door.put(mischecked, wrong, putOf('', body).md5)).status).toBe(400)

  expect(await door.store.head(key)).toBeNull()
  expect(await readdir(join(door.root, 'tmp'))).toEqual([])
})

test('F-5 an upload that breaks off leaves nothing', async () => {
  const to = new URL(await door.addressTo('put', { put: [putOf(key, body)] }))
  const socket = connect(door.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`PUT ${to.pathname}${to.search} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n`)
  socket.write(`content-md5: ${putOf('', body).md5}\r\n\r\nthe by`)
  await expect.poll(() => readdir(join(door.root, 'tmp'))).toHaveLength(1)

  socket.destroy()

  await expect.poll(() => readdir(join(door.root, 'tmp'))).toEqual([])
  expect(await door.store.head(key)).toBeNull()
})

test('F-1 no address is given for HEAD, another session, another repl, or a key that is none of ours', async () => {
  const refused = [
    objectKeys.head(repl),
    objectKeys.manifest(repl, 4, 0, 0),
    objectKeys.manifest(repl, 6, 0, 0),
    objectKeys.manifest(other, 5, 0, 0),
    `v1/repls/${repl}/log/4-0`,
    `v1/repls/${repl}/orphans/51/x`,
    'v1/packs/../../x',
  ]
  for (const bad of refused) {
    const answer = await door.ask({ put: [putOf(bad, body)], get: [] })
    expect([400, 403], bad).toContain(answer.status)
    await answer.body?.cancel()
  }
  const reading = await door.ask({ put: [], get: [objectKeys.manifest(other, 1, 0, 0)] })
  expect(reading.status).toBe(403)
})

test('F-10 the grant of an overtaken session is good for its own orphans and for nothing else', async () => {
  const own = objectKeys.orphan(repl, 4, 'files-1.zip')
  const others = [
    objectKeys.orphan(repl, 5, 'files-1.zip'),
    objectKeys.orphan(other, 4, 'files-1.zip'),
    objectKeys.log(repl, 4, 0),
    objectKeys.manifest(repl, 4, 0, 0),
    key,
  ]
  expect((await door.ask({ put: [putOf(own, body)], get: [] }, 'orphans-4')).status).toBe(200)

  for (const bad of others)
    expect((await door.ask({ put: [putOf(bad, body)], get: [] }, 'orphans-4')).status, bad).toBe(403)
  for (const bad of [own, key])
    expect((await door.ask({ put: [], get: [bad] }, 'orphans-4')).status, bad).toBe(403)
  const handIn = (what: string, grant: string) =>
    fetch(`${door.url}/v1/objects/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${grant}`, 'content-type': 'application/json' },
      body: JSON.stringify({ key, sha256: 'a'.repeat(64), files: null, log: null }),
    })
  expect((await handIn('commit', 'orphans-4')).status).toBe(403)
  expect((await handIn('parked', 'grant-5')).status).toBe(403)
})

test('F-3 a writer of an older generation is refused with 409 and changes nothing', async () => {
  door.fence.generation = 6

  const answer = await door.ask({ put: [putOf(key, body)], get: [] })

  expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'stale-generation' }])
  expect(await door.store.list('v1/')).toEqual([])
})

test('A-1 without a grant nothing is signed, and a request that is no request is refused in words', async () => {
  const bare = await fetch(`${door.url}/v1/objects/sign`, { method: 'POST' })
  const broken = await fetch(`${door.url}/v1/objects/sign`, {
    method: 'POST',
    headers: { authorization: 'Bearer grant-5', 'content-type': 'application/json' },
    body: '{"put":',
  })

  expect([bare.status, await bare.json()]).toMatchObject([401, { code: 'bad-token' }])
  expect([broken.status, await broken.json()]).toMatchObject([400, { code: 'bad-input' }])
  expect((await door.ask({ put: 'everything' })).status).toBe(400)
})

test('F-2 an object whose bytes were altered in the store is given up, so that a flush can bring it back', async () => {
  await door.store.put(blobOf(Buffer.from('other')), Buffer.from('other'))
  await door.store.put(key, Buffer.from(body).reverse())

  const to = await door.addressTo('put', { put: [putOf(key, body)] })
  expect((await door.put(to, body)).status).toBe(201)

  expect(Buffer.from(await door.store.get(key))).toEqual(body)
  expect(await door.store.head(blobOf(Buffer.from('other')))).toEqual({ bytes: 5 })
})
