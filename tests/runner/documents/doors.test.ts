// The runner's doors: who gets in, what each refusal is called, and that a page can tell the runner from user code.
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { io, type Socket } from 'socket.io-client'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { doorAudience, Proof, proofText } from '../../../protocol/access.ts'
import { limits } from '../../../protocol/limits.ts'
import { startRunner, type Runner } from '../../../runner/start.ts'
import { ada, aReplId, grace } from '../../support/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { ask, controlToken, newSetting, type Setting } from './running.ts'

let setting: Setting
let runner: Runner
/** Carries TCP to the runner's unix socket, as the front door does. */
let front: Server
const sockets: Socket[] = []

beforeAll(async () => {
  setting = await newSetting()
  runner = await startRunner(setting.launch)
  front = createServer((socket) => {
    const inside = connect(setting.launch.socket)
    socket.pipe(inside).pipe(socket)
    for (const end of [socket, inside]) end.on('error', () => undefined)
  })
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done))
})
afterAll(async () => {
  for (const socket of sockets) socket.disconnect()
  await runner.close()
  await new Promise((done) => front.close(done))
  await setting.close()
})

const health = (): string => `/r/${setting.launch.repl}/control/health`

function join(token: string, options: { origin?: string; namespace?: string } = {}): Promise<string> {
  const { port } = front.address() as AddressInfo
  const socket = io(`http://127.0.0.1:${port}${options.namespace ?? '/tree'}`, {
    path: `/r/${setting.launch.repl}/live`,
    transports: ['websocket'],
    auth: { token },
    forceNew: true,
    reconnection: false,
    extraHeaders: options.origin === undefined ? {} : { origin: options.origin },
  })
  sockets.push(socket)
  return new Promise((outcome) => {
    socket.on('connect', () => outcome('in'))
    socket.on('connect_error', (fault) => {
      const { data } = fault as Error & { data?: { code: string } }
      outcome(data?.code ?? 'refused')
    })
  })
}

const forRepl = (repl: string, expiresIn = 600) => setting.keys.token({ repl, who: ada, expiresIn })

test('A-1 the live door lets in a valid token only, in every namespace', async () => {
  const good = await forRepl(setting.launch.repl)

  for (const namespace of ['/tree', '/terminal']) {
    expect(await join(good, { namespace })).toBe('in')
    expect(await join('', { namespace })).toBe('bad-token')
    expect(await join('not.a.token', { namespace })).toBe('bad-token')
  }
})

test('A-1 one person’s tabs are counted: over the limit a socket is refused in words, and others come in', async () => {
  const { repl } = setting.launch
  const mine = await setting.keys.token({ repl, who: grace })
  for (let count = 0; count < limits.pagesPerPerson; count += 1) expect(await join(mine)).toBe('in')

  expect(await join(mine)).toBe('too-many')
  expect(await join(await forRepl(repl))).toBe('in')
  expect(await join(mine, { namespace: '/terminal' })).toBe('in')
})

test('A-2 another repl, an expired token, an unknown key and an old generation have their own codes', async () => {
  const { repl } = setting.launch
  const stranger = generateKeyPairSync('ed25519').privateKey
  const claims = { name: 'Ada', repl, role: 'owner', gen: 1 }
  const forged = await setting.keys.sign(claims, {
    sub: ada.id,
    audience: doorAudience,
    expiresIn: 60,
    key: stranger,
  })

  expect(await join(await forRepl(aReplId()))).toBe('forbidden')
  expect(await join(await forRepl(repl, -61))).toBe('expired-token')
  expect(await join(await forRepl(repl, -30))).toBe('in')
  expect(await join(forged)).toBe('bad-token')
  expect(await join(await setting.keys.token({ repl, generation: 2 }))).toBe('stale-generation')
  expect(await join(await setting.keys.token({ repl, audience: 'devex-control' }))).toBe('bad-token')
})

test('A-3 a page of a foreign origin gets no socket and changes nothing; ours and programs do', async () => {
  const good = await forRepl(setting.launch.repl)
  expect(await join(good, { origin: 'http://evil.example' })).toBe('refused')
  expect(await join(good, { origin: 'http://ours.example' })).toBe('in')

  const headers = { authorization: `Bearer ${await controlToken(setting)}`, origin: 'http://evil.example' }
  const answer = await ask(setting.launch, {
    path: `/r/${setting.launch.repl}/control/quiesce`,
    method: 'POST',
    headers,
    body: { say: 'x' },
  })
  expect(answer).toMatchObject({ status: 403, body: { error: { code: 'foreign-origin' } } })
})

test('a socket whose token ends is told so and let go', async () => {
  const { port } = front.address() as AddressInfo
  const socket = io(`http://127.0.0.1:${port}/tree`, {
    path: `/r/${setting.launch.repl}/live`,
    transports: ['websocket'],
    auth: { token: await forRepl(setting.launch.repl, -58) },
    forceNew: true,
    reconnection: false,
  })
  sockets.push(socket)
  let told: unknown = null
  socket.on('expired', (error: unknown) => (told = error))
  await eventually(() => socket.connected)

  await eventually(() => !socket.connected)
  expect(told).toMatchObject({ code: 'expired-token' })
})

test('A-7 the runner signs a page’s nonce with the session’s key, and nothing that is no nonce', async () => {
  const nonce = 'n'.repeat(32)
  const answer = await ask(setting.launch, { path: `/r/${setting.launch.repl}/prove?nonce=${nonce}` })

  const { signature, ...session } = Proof.parse(answer.body)
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: setting.publicKey }, format: 'jwk' })
  const text = Buffer.from(proofText({ ...session, nonce }))
  expect(verify(null, text, key, Buffer.from(signature, 'base64url'))).toBe(true)
  expect(session).toEqual({ repl: setting.launch.repl, generation: 1 })

  const bad = await ask(setting.launch, { path: `/r/${setting.launch.repl}/prove?nonce=a%7Cb` })
  expect(bad).toMatchObject({ status: 400, body: { error: { code: 'bad-input' } } })
})

test('A-1 the control door takes the orchestrator’s token for this session and no other', async () => {
  const get = async (token: string) =>
    ask(setting.launch, { path: health(), headers: { authorization: `Bearer ${token}` } })

  expect(await get(await controlToken(setting))).toMatchObject({
    status: 200,
    body: { repl: setting.launch.repl, generation: 1, protocol: 1 },
  })
  expect((await get(await controlToken(setting, { repl: aReplId() }))).status).toBe(403)
  expect((await get(await controlToken(setting, { gen: 9 }))).status).toBe(409)
  expect((await get(await forRepl(setting.launch.repl))).status).toBe(401)
  expect((await ask(setting.launch, { path: health() })).status).toBe(401)
})

test('every other path, and garbage for a body, is refused in words', async () => {
  const authorization = `Bearer ${await controlToken(setting)}`
  const control = `/r/${setting.launch.repl}/control`
  const refused = async (path: string, method = 'GET', body?: unknown) =>
    (await ask(setting.launch, { path, method, headers: { authorization }, body })).body

  const notFound = { error: { code: 'not-found' } }
  expect(await refused('/')).toMatchObject(notFound)
  expect(await refused(`/r/${aReplId()}/control/health`)).toMatchObject(notFound)
  expect(await refused(`/r/${setting.launch.repl}/elsewhere`)).toMatchObject(notFound)
  expect(await refused(`${control}/elsewhere`)).toMatchObject(notFound)
  expect(await refused(`${control}/quiesce`, 'POST', [])).toMatchObject({ error: { code: 'bad-input' } })
  expect(await refused(`${control}/quiesce`, 'POST', { say: 'x'.repeat(70_000) })).toMatchObject({
    error: { code: 'too-large' },
  })
})
