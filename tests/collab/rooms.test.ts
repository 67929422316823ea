// Rooms of the relay with stock clients and a runner: what is shared, what is kept, what is refused.
import * as decoding from 'lib0/decoding'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { grace } from '../support/keys.ts'
import { rawSocket, relaySetting, stockClient } from './setting.ts'
import { noticeFrame, progressFrame, step1Frame, step2Frame, updateFrame } from '../../collab-server/wire.ts'
import { Answers } from '../../collab-server/answers.ts'
import { Meeting } from '../../collab-server/meeting.ts'
import { Room } from '../../collab-server/room.ts'
import { pino } from 'pino'
import * as Y from 'yjs'

const words = (frame: Uint8Array): { type: number; notice?: { kind: string; say?: string } } => {
  const decoder = decoding.createDecoder(frame)
  const type = decoding.readVarUint(decoder)
  return type === 101
    ? { type, notice: JSON.parse(decoding.readVarString(decoder)) as { kind: string } }
    : { type }
}

const anUpdate = (text: string): Uint8Array => {
  const doc = new Y.Doc()
  doc.getText('content').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

test('C-7 two stock clients meet, and the runner has the same text', async () => {
  const setting = await relaySetting('hello')
  const a = await stockClient(setting)
  const b = await stockClient(setting, { who: grace })
  await eventually(() => a.text.toString() === 'hello' && b.text.toString() === 'hello')

  a.text.insert(5, ' world')
  b.text.insert(0, '> ')

  await eventually(() => a.text.toString() === '> hello world' && b.text.toString() === '> hello world')
  await eventually(() => setting.runner.textOf(setting.room.doc) === '> hello world')
})

test('C-1 a path that names no room is refused before any frame', async () => {
  const setting = await relaySetting()
  for (const path of [
    '/collab/x/y/z',
    `/collab/${setting.repl}/../../etc/passwd`,
    `/collab/${setting.repl}/${setting.room.doc}`,
    '/',
  ]) {
    const raw = await rawSocket(setting, { path })
    await eventually(() => raw.status === 404 || raw.status === 400)
    expect(raw.got).toEqual([])
  }
})

test('C-2 a wrong epoch is closed with 4409 before any sync frame', async () => {
  const setting = await relaySetting()
  const wrong = `/collab/${setting.repl}/${setting.room.doc}/${'0'.repeat(32)}`
  const raw = await rawSocket(setting, { path: wrong })

  await eventually(() => raw.closed)

  expect(raw.closed?.code).toBe(4409)
  expect(raw.got.filter((frame) => frame[0] === 0)).toEqual([])
})

test('C-3 a frame that cannot be decoded closes its sender with 4400, and nobody else notices', async () => {
  const setting = await relaySetting()
  const witness = await stockClient(setting, { who: grace })
  await eventually(() => witness.provider.synced)
  const garbage = [
    [],
    [0],
    [0, 2],
    [0, 9, 1, 1],
    [0, 2, 3, 9, 9, 9],
    [0, 2, 200, 200],
    [1, 5, 1],
    [1, 1, 255],
    [102],
  ].map((bytes) => Uint8Array.from(bytes))

  for (const bytes of garbage) {
    const raw = await rawSocket(setting)
    await eventually(() => raw.socket.readyState === raw.socket.OPEN)
    raw.socket.send(bytes)
    await eventually(() => raw.closed)
    expect([4400, 4401]).toContain(raw.closed?.code)
  }

  expect(setting.runner.updates).toEqual([])
  witness.text.insert(0, 'still ')
  await eventually(() => setting.runner.textOf(setting.room.doc) === 'still hello')
})

test('C-4 updates of one event-loop turn reach peers as one frame, and the runner as one per author', () => {
  const sent: string[] = []
  const runner = {
    isAttached: true,
    frozen: null,
    alarm: null,
    send: (message: { type: string }) => sent.push(message.type) > 0,
  }
  const meeting = new Meeting('x', pino({ level: 'silent' }))
  const room = new Room(
    { repl: 'x', doc: 'd', epoch: 'e' },
    {
      runner,
      colors: meeting.colors,
      answers: new Answers(() => 0),
      log: pino({ level: 'silent' }),
      isPresenceOnly: false,
    },
  )
  const writer = fakePeer('ada')
  const reader = fakePeer('grace')
  room.admit(writer.peer)
  room.admit(reader.peer)
  reader.sent.length = 0

  for (let i = 0; i < 20; i++) room.receive(writer.peer, updateFrame(anUpdate(`${i}`)))
  room.flushTurn()

  expect(reader.sent.filter((frame) => frame[0] === 0)).toHaveLength(1)
  expect(sent.filter((type) => type === 'update')).toHaveLength(1)
  expect(writer.sent.filter((frame) => frame[0] === 0)).toEqual([])
})

test('C-5 what was not saved is replayed to a runner that comes back, and nothing is doubled', async () => {
  const setting = await relaySetting('')
  const a = await stockClient(setting)
  await eventually(() => a.provider.synced)
  setting.runner.acknowledges = false
  a.text.insert(0, 'one ')
  await eventually(() => setting.runner.textOf(setting.room.doc) === 'one ')

  setting.runner.kill()
  setting.runner.seed(setting.room.doc, setting.room.epoch, '')
  a.text.insert(4, 'two')
  await setting.runner.connect(setting.url, setting.session)

  await eventually(() => setting.runner.textOf(setting.room.doc) === 'one two')
  const late = await stockClient(setting, { who: grace })
  await eventually(() => late.text.toString() === 'one two')
})

test('C-10 W-5 who leaves with unsaved edits and comes back at once gets what tools change afterwards', async () => {
  const setting = await relaySetting('text')
  setting.runner.acknowledges = false
  const first = await stockClient(setting)
  await eventually(() => first.provider.synced)
  first.text.insert(0, 'unsaved ')
  await eventually(() => setting.runner.textOf(setting.room.doc) === 'unsaved text')

  first.provider.destroy()
  const second = await stockClient(setting, { who: grace })
  await eventually(() => setting.runner.seen.includes('empty') && second.text.toString() === 'unsaved text')

  expect(setting.runner.seen.lastIndexOf('open')).toBeGreaterThan(setting.runner.seen.lastIndexOf('empty'))
})

test('C-6 logged and saved come back as counts of the page’s own frames', async () => {
  const setting = await relaySetting('')
  setting.runner.acknowledges = false
  const raw = await rawSocket(setting, { ours: true })
  await eventually(() => raw.socket.readyState === raw.socket.OPEN)
  raw.socket.send(updateFrame(anUpdate('a')))
  await eventually(() => setting.runner.updates.length === 1)
  raw.socket.send(updateFrame(anUpdate('b')))
  await eventually(() => setting.runner.updates.length === 2)
  const told = (logged: number, saved: number): boolean =>
    raw.got.some((frame) => Buffer.compare(frame, progressFrame(logged, saved)) === 0)

  setting.runner.acknowledge(setting.room, 2, ['logged'])
  await eventually(() => told(2, 0))
  setting.runner.acknowledge(setting.room, 1, ['saved'])
  await eventually(() => told(2, 1))
  setting.runner.acknowledge(setting.room, 2, ['saved'])
  await eventually(() => told(2, 2))
})

test('C-8 a viewer’s edit is refused with 4403, ours by notice, and changes nothing', async () => {
  const setting = await relaySetting()
  const token = await setting.keys.token({ repl: setting.repl, role: 'viewer', who: grace })
  const stock = await rawSocket(setting, { token })
  const ours = await rawSocket(setting, { token, ours: true })
  await eventually(() => stock.socket.readyState === 1 && ours.socket.readyState === 1)

  stock.socket.send(updateFrame(anUpdate('graffiti')))
  ours.socket.send(updateFrame(anUpdate('graffiti')))

  await eventually(() => stock.closed?.code === 4403)
  await eventually(() => ours.got.some((frame) => words(frame).notice?.kind === 'refused'))
  expect(setting.runner.updates).toEqual([])
})

test('C-10 a join waits for the runner’s state: the first sync is never empty', async () => {
  const setting = await relaySetting('the whole text', { attach: false })
  const raw = await rawSocket(setting)
  await eventually(() => raw.socket.readyState === raw.socket.OPEN)
  raw.socket.send(step1Frame(Uint8Array.of(0)))
  const early = await stockClient(setting)

  await setting.runner.connect(setting.url, setting.session)

  await eventually(() => early.text.toString() === 'the whole text')
  const first = await eventually(() => raw.got.find((frame) => frame[0] === 0))
  expect(first[1]).toBe(1)
  expect(first.length).toBeGreaterThan(14)
})

test('C-11 what a runner took in before it came back reaches the peers that stayed', async () => {
  const setting = await relaySetting('text')
  const [a, b] = [await stockClient(setting), await stockClient(setting)]
  await eventually(() => a.provider.synced && b.provider.synced)

  setting.runner.kill()
  setting.runner.docs.get(setting.room.doc)?.doc.getText('content').insert(4, ' of a tool')
  a.text.insert(0, 'ada: ')
  await setting.runner.connect(setting.url, setting.session)

  for (const { text } of [a, b]) await eventually(() => text.toString() === 'ada: text of a tool')
})

test('C-14 after freeze no edit is taken, and frozen comes after every edit before it', async () => {
  const setting = await relaySetting('')
  const a = await stockClient(setting)
  const ours = await rawSocket(setting, { ours: true })
  await eventually(() => a.provider.synced && ours.socket.readyState === 1)
  a.text.insert(0, 'before')
  await eventually(() => setting.runner.updates.length === 1)

  setting.runner.send({ type: 'freeze', say: 'Stopping.' })
  await eventually(() => setting.runner.seen.includes('frozen'))
  ours.socket.send(updateFrame(anUpdate('after')))

  await eventually(() => ours.got.some((frame) => words(frame).notice?.kind === 'read-only'))
  expect(setting.runner.seen.lastIndexOf('update')).toBeLessThan(setting.runner.seen.indexOf('frozen'))
  expect(setting.runner.textOf(setting.room.doc)).toBe('before')
  setting.runner.send({ type: 'thaw' })
  await eventually(() => ours.got.some((frame) => Buffer.compare(frame, noticeFrame({ kind: 'live' })) === 0))
})

test('C-14 C-5 what a page sent into the end of a session is asked for again by the next one, and saved', async () => {
  const setting = await relaySetting('text')
  const ours = await rawSocket(setting, { ours: true })
  const says = (kind: string) => ours.got.filter((frame) => words(frame).notice?.kind === kind).length
  await eventually(() => says('live') > 0)
  ours.socket.send(step1Frame(Uint8Array.of(0)))
  setting.runner.send({ type: 'freeze', say: 'Stopping.' })
  await eventually(() => setting.runner.seen.includes('frozen'))
  ours.socket.send(updateFrame(anUpdate('late ')))
  await eventually(() => says('read-only') > 0)
  const isQuestion = (frame: Uint8Array) => frame[0] === 0 && frame[1] === 0
  const asked = ours.got.filter(isQuestion).length

  const told = says('read-only')
  setting.runner.kill()
  await eventually(() => says('read-only') > told)
  await setting.runner.connect(setting.url, setting.session)

  await eventually(() => ours.got.filter(isQuestion).length > asked)
  ours.socket.send(step2Frame(anUpdate('late ')))
  await eventually(() => setting.runner.textOf(setting.room.doc).includes('late '))
  await eventually(() => ours.got.some((frame) => Buffer.compare(frame, progressFrame(2, 2)) === 0))
})

function fakePeer(name: string) {
  const sent: Uint8Array[] = []
  const peer = {
    claims: { sub: name, name, role: 'editor', repl: 'x', gen: 1, iat: 0, exp: 0 },
    isOurs: false,
    mayEdit: true,
    wants: null,
    laggingSince: null,
    presenceClient: null,
    send: (frame: Uint8Array) => sent.push(frame),
    notice: () => undefined,
    canTake: () => true,
    countFrame: () => undefined,
    ride: () => undefined,
  }
  return { sent, peer: peer as unknown as Parameters<Room['admit']>[0] }
}
