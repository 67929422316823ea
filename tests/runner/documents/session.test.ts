// A whole session: relay, runner, box and shell together; what a person sees runs, what a tool writes is seen, a stop
// keeps everything.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { io, type Socket } from 'socket.io-client'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Box } from '../../../runner/box/start.ts'
import { startRunner, type Runner } from '../../../runner/start.ts'
import { ada } from '../../support/keys.ts'
import { eventually } from '../../support/eventually.ts'
import { startSession } from './session.ts'
import type { RelayPage } from './relay.ts'
import { ask, controlToken, newSetting, startBoxOf, type Setting } from './running.ts'

let setting: Setting
let runner: Runner
let box: Box
let front: Server
let page: RelayPage
let room: { doc: string; epoch: string }
const sockets: Socket[] = []

beforeEach(async () => {
  setting = await newSetting()
  const { launch } = setting
  await writeFile(join(launch.workspace, 'a.sh'), 'echo one\n')
  const before = await startSession({ folders: launch })
  const { id: doc, epoch } = await before.join('a.sh')
  room = { doc, epoch }
  await before.stop()
  box = await startBoxOf(launch)
  runner = await startRunner(launch)
  front = createServer((socket) => {
    const inside = connect(launch.socket)
    socket.pipe(inside).pipe(socket)
    for (const end of [socket, inside]) end.on('error', () => undefined)
  })
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done))
  await eventually(() => runner.health().joined)
  page = setting.relay.page(room, ada.id)
  await eventually(() => page.joined)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.disconnect()
  await runner.close()
  await box.close()
  await new Promise((done) => front.close(done))
  await setting.close()
})

async function liveSocket(namespace: string): Promise<Socket> {
  const token = await setting.keys.token({ repl: setting.launch.repl, who: ada })
  const socket = io(`http://127.0.0.1:${(front.address() as AddressInfo).port}${namespace}`, {
    path: `/r/${setting.launch.repl}/live`,
    transports: ['websocket'],
    auth: { token },
    forceNew: true,
  })
  sockets.push(socket)
  await eventually(() => socket.connected)
  return socket
}

async function shell(): Promise<{ type(text: string): void; seen(): string }> {
  const socket = await liveSocket('/terminal')
  let seen = ''
  socket.on('out', (_terminal: number, _offset: number, bytes: ArrayBuffer) => {
    seen += Buffer.from(bytes).toString()
  })
  socket.on('snap', (_at: unknown, bytes: ArrayBuffer) => {
    seen += Buffer.from(bytes).toString()
  })
  const opened: { ok: boolean; terminal: number } = await socket.emitWithAck('open', { cols: 80, rows: 24 })
  await socket.emitWithAck('attach', { terminal: opened.terminal, cols: 80, rows: 24 })
  return {
    type: (text) => socket.emit('in', { terminal: opened.terminal }, Buffer.from(text)),
    seen: () => seen,
  }
}

const onDisk = (path: string): Promise<string> => readFile(join(setting.launch.workspace, path), 'utf8')
const control = async (what: string, body: object) =>
  ask(setting.launch, {
    path: `/r/${setting.launch.repl}/control/${what}`,
    method: 'POST',
    headers: { authorization: `Bearer ${await controlToken(setting)}` },
    body,
  })

test('T-7 thirty times: what was logged before Enter is what runs', async () => {
  const terminal = await shell()
  for (let i = 0; i < 30; i += 1) {
    page.text.delete(0, page.text.length)
    page.text.insert(0, `echo run-${i}-$((1000 + ${i}))\n`)
    const { n } = page.sent.at(-1)!
    await eventually(() => setting.relay.last('logged')?.n === n)
    terminal.type('sh a.sh\r')
    await eventually(() => terminal.seen().includes(`run-${i}-${1000 + i}`))
  }
})

test('W-5 what a shell writes into an open file reaches the room, beside what a person types', async () => {
  const terminal = await shell()
  page.text.insert(0, '# ada\n')
  terminal.type('echo "echo tool" >> a.sh\r')

  await eventually(() => page.text.toString() === '# ada\necho one\necho tool\n')
  await eventually(async () => (await onDisk('a.sh')) === '# ada\necho one\necho tool\n')
})

test('C-14 a quiesce takes what the relay had accepted, ends programs, and lets nobody change anything', async () => {
  setting.relay.answersFreeze = false
  const terminal = await shell()
  terminal.type('sleep 1000\r')

  const quiesced = control('quiesce', { say: 'Stopping.' })
  await eventually(() => setting.relay.last('freeze')?.say === 'Stopping.')
  page.text.insert(0, '# accepted before\n')
  setting.relay.send({ type: 'frozen' })
  const { status, body } = await quiesced

  expect({ status, body }).toEqual({ status: 200, body: { seq: runner.health().seq } })
  expect(await onDisk('a.sh')).toBe('# accepted before\necho one\n')
  const late = await liveSocket('/terminal')
  expect(await late.emitWithAck('open', { cols: 80, rows: 24 })).toMatchObject({
    error: { code: 'read-only' },
  })

  expect((await control('resume', {})).status).toBe(200)
  await eventually(() => setting.relay.last('thaw'))
  expect(await late.emitWithAck('open', { cols: 80, rows: 24 })).toMatchObject({ ok: true })
})

test('C-14 while a session is held a file that was open before can be read, and nothing new begins', async () => {
  await writeFile(join(setting.launch.workspace, 'new.txt'), 'never opened')
  expect((await control('quiesce', { say: 'Stopping.' })).status).toBe(200)
  const { seq } = runner.health()
  const tree = await liveSocket('/tree')

  expect(await tree.emitWithAck('open', { path: 'a.sh' })).toMatchObject({
    ok: true,
    opened: { kind: 'text', ...room },
  })
  expect(await tree.emitWithAck('open', { path: 'new.txt' })).toMatchObject({
    error: { code: 'read-only' },
  })
  const reader = setting.relay.page(room, ada.id)
  await eventually(() => reader.joined)
  expect(reader.text.toString()).toBe('echo one\n')
  expect(runner.health().seq).toBe(seq)
})

test('C-14 what a relay brings after the freeze is not called saved, and comes in when the stop is called off', async () => {
  expect((await control('quiesce', { say: 'Stopping.' })).status).toBe(200)
  const { seq } = runner.health()
  setting.relay.cut()
  await eventually(() => setting.relay.nonces.length === 2 && runner.health().linkReady)
  page.text.insert(0, '# late\n')
  const { n } = page.sent.at(-1)!
  const other = setting.relay.page(room, ada.id)
  await eventually(() => other.joined)
  expect([runner.health().seq, setting.relay.last('saved')?.n ?? 0]).toEqual([seq, 0])

  expect((await control('resume', {})).status).toBe(200)
  await eventually(() => setting.relay.nonces.length === 3 && runner.health().linkReady)
  page.replay(page.sent.length - 1)
  await eventually(() => setting.relay.last('saved')?.n === n)
  await eventually(async () => (await onDisk('a.sh')) === '# late\necho one\n')
})

test('a relay that is away does not keep a session from stopping', async () => {
  await setting.relay.stop()
  await eventually(() => !runner.health().linkReady)
  expect((await control('quiesce', { say: 'Stopping.' })).status).toBe(200)
})

test('W-8 a file that a shell renames keeps its document', async () => {
  const { workspace } = setting.launch
  await mkdir(join(workspace, 'src'))
  await rename(join(workspace, 'a.sh'), join(workspace, 'src', 'b.sh'))
  page.text.insert(0, '#')
  await eventually(async () => (await onDisk('src/b.sh')) === '#echo one\n')
  expect(await onDisk('a.sh').catch(() => 'gone')).toBe('gone')
})
