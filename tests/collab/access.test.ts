// Who gets into the relay: tokens, Origins, proofs, generations.
import { generateKeyPairSync } from 'node:crypto'
import * as encoding from 'lib0/encoding'
import { EventEmitter } from 'node:events'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { WebSocket } from 'ws'
import { Link, proofMs } from '../../collab-server/link.ts'
import { startCollabServer } from '../../collab-server/start.ts'
import { doorAudience, runnerAudience } from '../../protocol/access.ts'
import { collabMessage } from '../../protocol/document.ts'
import { limits } from '../../protocol/limits.ts'
import { eventually } from '../support/eventually.ts'
import { aReplId, ada, grace } from '../support/keys.ts'
import { LinkRunner } from '../support/link-runner.ts'
import { origin, rawSocket, relaySetting, stockClient } from './setting.ts'

test('A-1 A-2 the relay refuses a foreign, expired, forged, mis-addressed or missing token with 4401', async () => {
  const setting = await relaySetting()
  const claims = { name: 'Ada', repl: setting.repl, role: 'editor', gen: 1 }
  const stranger = generateKeyPairSync('ed25519').privateKey
  const bad = [
    await setting.keys.token({ repl: aReplId() }),
    await setting.keys.token({ repl: setting.repl, expiresIn: -120 }),
    await setting.keys.token({ repl: setting.repl, audience: runnerAudience }),
    await setting.keys.sign(claims, { sub: ada.id, audience: doorAudience, expiresIn: 600, key: stranger }),
    await setting.keys.sign(
      { ...claims, role: 'king' },
      { sub: ada.id, audience: doorAudience, expiresIn: 600 },
    ),
    'nonsense',
    '',
  ]
  for (const token of bad) {
    const raw = await rawSocket(setting, { token })
    await eventually(() => raw.closed)
    expect(raw.closed?.code).toBe(4401)
    expect(raw.got).toEqual([])
  }
})

test('A-3 an upgrade from a foreign Origin is refused, from ours it is taken', async () => {
  const setting = await relaySetting()
  const foreign = await rawSocket(setting, { origin: 'https://evil.example' })
  await eventually(() => foreign.status === 403)
  const own = await rawSocket(setting, { origin })
  await eventually(() => own.socket.readyState === own.socket.OPEN)
})

test('A-1 a clock that is 30 s behind still lets a fresh token in', async () => {
  const setting = await relaySetting()
  const token = await setting.keys.token({ repl: setting.repl, expiresIn: -30 })
  const raw = await rawSocket(setting, { token })
  await eventually(() => raw.got.length > 0)
})

test('C-7 a stock client is told 4501 when its token ends while it is connected', async () => {
  const setting = await relaySetting()
  const token = await setting.keys.token({ repl: setting.repl, expiresIn: -58 })
  const raw = await rawSocket(setting, { token })
  await eventually(() => raw.got.length > 0)
  await eventually(() => raw.closed)
  expect(raw.closed?.code).toBe(4501)
})

test('C-7 a stock client stops for good on a wrong token and on a wrong epoch', async () => {
  const setting = await relaySetting()
  const token = await stockClient(setting, { token: 'nonsense' })
  const epoch = await stockClient(setting, { epoch: 'f'.repeat(32) })
  await eventually(() => !token.provider.shouldConnect && !epoch.provider.shouldConnect)
  expect(token.provider.synced || epoch.provider.synced).toBe(false)
})

test('C-13 a link is refused with a foreign certificate, with a wrong signature, and before its proof', async () => {
  const setting = await relaySetting('hello', { attach: false })
  const other = await setting.keys.session(aReplId(), 1)
  const stolen = await new LinkRunner().connect(setting.url, { ...other, repl: setting.repl })
  await eventually(() => stolen.closed?.code === 4401)

  const liar = await new LinkRunner().connect(setting.url, setting.session, { signature: 'AAAA' })
  await eventually(() => liar.closed?.code === 4401)

  const thief = await setting.keys.session(setting.repl, 1)
  const mixed = await new LinkRunner().connect(setting.url, {
    ...setting.session,
    privateKey: thief.privateKey,
  })
  await eventually(() => mixed.closed?.code === 4401)
})

test('C-13 the highest generation wins: a newer link replaces, an older one is refused', async () => {
  const setting = await relaySetting('old text')
  const newer = new LinkRunner()
  newer.seed(setting.room.doc, setting.room.epoch, 'new text')
  await newer.connect(setting.url, await setting.keys.session(setting.repl, 2))
  await eventually(() => setting.runner.closed?.code === 4409)

  await setting.runner.connect(setting.url, setting.session)
  await eventually(() => setting.runner.closed?.code === 4409)

  const client = await stockClient(setting, { generation: 2 })
  await eventually(() => client.text.toString() === 'new text')
})

test('C-9 presence carries the identity of the token, whatever the page wrote, and leaves with its socket', async () => {
  const setting = await relaySetting()
  const a = await stockClient(setting, { who: ada })
  // Colours are given in the order of coming.
  await eventually(() => a.provider.synced)
  const b = await stockClient(setting, { who: grace })
  b.provider.awareness.setLocalStateField('user', { name: 'Ada', id: ada.id, role: 'owner' })
  const shown = (): unknown => a.provider.awareness.getStates().get(b.doc.clientID)?.['user']

  await eventually(() => shown())
  expect(shown()).toEqual({ id: grace.id, name: 'Grace', role: 'editor', colorIndex: 1 })

  b.provider.ws?.close()
  b.provider.shouldConnect = false
  await eventually(() => !a.provider.awareness.getStates().has(b.doc.clientID))
})

test('C-9 nobody can speak for another’s presence', async () => {
  const setting = await relaySetting()
  const a = await stockClient(setting, { who: ada })
  const b = await stockClient(setting, { who: grace })
  const c = await stockClient(setting, { who: grace })
  a.provider.awareness.setLocalStateField('cursor', 1)
  await eventually(() => b.provider.awareness.getStates().get(a.doc.clientID)?.['cursor'] === 1)

  b.provider.awareness.states.set(a.doc.clientID, { cursor: 666 })
  b.provider.awareness.meta.set(a.doc.clientID, { clock: 99, lastUpdated: Date.now() })
  b.provider.awareness.emit('update', [{ added: [], updated: [a.doc.clientID], removed: [] }, 'local'])
  b.provider.awareness.setLocalStateField('done', true)

  await eventually(() => c.provider.awareness.getStates().get(b.doc.clientID)?.['done'] === true)
  expect(c.provider.awareness.getStates().get(a.doc.clientID)?.['cursor']).toBe(1)
})

test('C-13 an older link that proves itself only after a newer one has come is refused', async () => {
  const setting = await relaySetting('old text', { attach: false })
  let prove = (): void => {}
  const after = new Promise<void>((resolve) => (prove = resolve))
  await setting.runner.connect(setting.url, setting.session, { after })

  const newer = new LinkRunner()
  newer.seed(setting.room.doc, setting.room.epoch, 'new text')
  await newer.connect(setting.url, await setting.keys.session(setting.repl, 2))
  const client = await stockClient(setting, { generation: 2 })
  await eventually(() => client.text.toString() === 'new text')
  prove()

  await eventually(() => setting.runner.closed?.code === 4409)
  expect(newer.closed).toBeNull()
})

test('C-13 a runner whose proof takes its time still meets who comes later', async () => {
  const setting = await relaySetting('hello', { attach: false })
  let prove = (): void => {}
  const after = new Promise<void>((resolve) => (prove = resolve))
  await setting.runner.connect(setting.url, setting.session, { after })
  // A peer of another moment: when it goes, the repl has nobody, and the relay forgets it at its next look.
  const early = await stockClient(setting)
  await eventually(() => early.provider.wsconnected)
  early.provider.destroy()
  const looks = performance.now() + 1_200
  await eventually(() => performance.now() > looks)
  prove()

  const late = await stockClient(setting)
  await eventually(() => late.text.toString() === 'hello')
})

test('C-7 while the keys cannot be fetched a token is refused for now, not for good', async () => {
  const setting = await relaySetting('hello', { attach: false })
  const token = await setting.keys.token({ repl: setting.repl })
  await setting.keys.stop()
  const raw = await rawSocket(setting, { token })
  await eventually(() => raw.closed)
  expect(raw.closed?.code).toBe(1012)
})

test('A-1 a token of an earlier session opens nothing once a newer one is attached, and renews nothing', async () => {
  const setting = await relaySetting('hello', { attach: false })
  await setting.runner.connect(setting.url, await setting.keys.session(setting.repl, 2))
  const present = await rawSocket(setting, {
    token: await setting.keys.token({ repl: setting.repl, generation: 2, expiresIn: -57 }),
  })
  await eventually(() => present.got.length > 0)
  const old = await setting.keys.token({ repl: setting.repl, generation: 1 })
  present.socket.send(tokenFrame(old))
  const late = await rawSocket(setting, { token: old })
  await eventually(() => late.closed)
  expect(late.closed).toMatchObject({ code: 4401, reason: expect.stringContaining('earlier session') })
  expect(late.got).toEqual([])

  // It ends when its own token does, not when the other would.
  await eventually(() => present.closed)
  expect(present.closed?.code).toBe(4501)
})

test('A-1 a socket that stays open over a stop and a start has to bring a token of the new session, or is let go', async () => {
  const setting = await relaySetting('hello')
  const [brings, stays] = [await rawSocket(setting), await rawSocket(setting)]
  await eventually(() => brings.got.length > 0 && stays.got.length > 0)

  await setting.runner.connect(setting.url, await setting.keys.session(setting.repl, 2))
  brings.socket.send(tokenFrame(await setting.keys.token({ repl: setting.repl, generation: 2 })))
  const late = await rawSocket(setting, {
    token: await setting.keys.token({ repl: setting.repl, generation: 2 }),
  })
  await eventually(() => late.got.length > 0)
  expect([brings.closed, stays.closed]).toEqual([null, null])
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 })
  onTestFinished(() => void vi.useRealTimers())

  await eventually(() => stays.closed, 20_000)
  expect(stays.closed).toMatchObject({ code: 4501, reason: expect.stringContaining('earlier session') })
  expect([brings.closed, late.closed]).toEqual([null, null])
})

test('C-13 a link that says nothing is ended in time', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const closed: number[] = []
  const socket = Object.assign(new EventEmitter(), {
    readyState: 1,
    OPEN: 1,
    send: () => undefined,
    close: (code: number) => closed.push(code),
  })
  new Link(socket as unknown as WebSocket, {
    claims: { repl: aReplId(), gen: 1, key: '', exp: 0 },
    meeting: () => {
      throw new Error('not proven')
    },
    log: pino({ level: 'silent' }),
    hello: { build: 'test', session: 'x' },
  })

  vi.advanceTimersByTime(proofMs - 1)
  expect(closed).toEqual([])
  vi.advanceTimersByTime(1)
  expect(closed).toEqual([4401])
})

test('C-12 one person cannot take more rooms than anybody needs, and nobody else notices', async () => {
  const setting = await relaySetting()
  const token = await setting.keys.token({ repl: setting.repl, who: ada })
  const open: Awaited<ReturnType<typeof rawSocket>>[] = []
  for (let count = 0; count < limits.roomsPerPerson; count += 1)
    open.push(await rawSocket(setting, { token }))
  await eventually(() => open.every((raw) => raw.got.length > 0))

  const more = await rawSocket(setting, { token })
  await eventually(() => more.closed)
  expect(more.closed).toMatchObject({ code: 4429, reason: expect.stringContaining('too many files') })
  const other = await stockClient(setting, { who: grace })
  await eventually(() => other.provider.synced)

  open[0]?.socket.close()
  await eventually(() => open[0]?.closed)
  const again = await eventually(async () => {
    const raw = await rawSocket(setting, { token })
    await eventually(() => raw.got.length > 0 || raw.closed)
    return raw.closed ? undefined : raw
  })
  expect(again.got.length).toBeGreaterThan(0)
})

test('what is amiss with a session’s log is told to every page that comes', async () => {
  const setting = await relaySetting('hello', { attach: false })
  const early = await rawSocket(setting, { ours: true })
  await eventually(() => early.got.length > 0)
  await setting.runner.connect(setting.url, setting.session, { alarm: 'The record was damaged.' })
  const late = await rawSocket(setting, { ours: true })

  const words = (raw: typeof late): string => raw.got.map((frame) => new TextDecoder().decode(frame)).join()
  for (const raw of [early, late])
    await eventually(() => words(raw).includes('{"kind":"alarm","say":"The record was damaged."}'))
})

test('the relay listens where it is told to, and on loopback when it is told nothing', async () => {
  const common = { build: 'test', port: 0, keysUrl: 'http://127.0.0.1:1', origins: new Set<string>() }
  const access = { url: 'http://127.0.0.1:1', secret: 'x'.repeat(32) }
  const elsewhere = await startCollabServer({ ...common, access, host: '127.0.0.2', logLevel: 'silent' })
  onTestFinished(() => elsewhere.close())
  const answers = (host: string): Promise<boolean> =>
    fetch(`http://${host}:${elsewhere.port}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    )

  expect(await answers('127.0.0.2')).toBe(true)
  expect(await answers('127.0.0.1')).toBe(false)
})

function tokenFrame(token: string): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, collabMessage.token)
  encoding.writeVarString(encoder, token)
  return encoding.toUint8Array(encoder)
}
