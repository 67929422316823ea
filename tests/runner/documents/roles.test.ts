// Roles at a whole runner: a viewer's raw sockets at every door, and what a changed role means for who is connected.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { io, type Socket } from 'socket.io-client'
import type { AccessChange, Role, RoleTold } from '../../../protocol/access.ts'
import type { Answer } from '../../../protocol/errors.ts'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import type { Box } from '../../../runner/box/start.ts'
import { startRunner, type Runner } from '../../../runner/start.ts'
import { eventually } from '../../support/eventually.ts'
import { ada, aReplId, grace, type Somebody, type TokenAsk } from '../../support/keys.ts'
import { rawRequest } from '../../support/raw.ts'
import { ask, controlToken, newSetting, startBoxOf, type Setting } from './running.ts'

let setting: Setting
let runner: Runner
let box: Box
/** Carries TCP to the runner's unix socket, as the front door does. */
let front: Server
const sockets: Socket[] = []

beforeAll(async () => {
  setting = await newSetting()
  box = await startBoxOf(setting.launch)
  runner = await startRunner(setting.launch)
  front = createServer((socket) => {
    const inside = connect(setting.launch.socket)
    socket.pipe(inside).pipe(socket)
    for (const end of [socket, inside]) end.on('error', () => undefined)
  })
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done))
  await eventually(() => runner.health().boxReady)
})
afterAll(async () => {
  for (const socket of sockets) socket.disconnect()
  await runner.close()
  await box.close()
  await new Promise((done) => front.close(done))
  await setting.close()
})

const tokenOf = (of: Partial<TokenAsk> = {}): Promise<string> =>
  setting.keys.token({ repl: setting.launch.repl, ...of })
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const fileAt = (name: string): string => `/r/${setting.launch.repl}/files/${name}`
const inWorkspace = (name: string): string => join(setting.launch.workspace, name)

function socketTo(namespace: '/tree' | '/terminal', token: string): Socket {
  const { port } = front.address() as AddressInfo
  const socket = io(`http://127.0.0.1:${port}${namespace}`, {
    path: `/r/${setting.launch.repl}/live`,
    transports: ['websocket'],
    auth: { token },
    forceNew: true,
    reconnection: false,
  })
  sockets.push(socket)
  return socket
}

/** `in`, or the code of the refusal. */
async function knock(namespace: '/tree' | '/terminal', token: string): Promise<string> {
  const socket = socketTo(namespace, token)
  let refused = ''
  socket.on('connect_error', (error) => {
    refused = (error as Error & { data?: { code: string } }).data?.code ?? 'refused'
  })
  await eventually(() => socket.connected || refused !== '')
  socket.disconnect()
  return refused || 'in'
}

/** The code of a refused file request, or `ok`. */
async function file(method: 'GET' | 'PUT', token: string): Promise<string> {
  const { port } = front.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return (await rawRequest(origin, fileAt('notes.txt'), { method, token, body: 'graffiti' })).code || 'ok'
}

class Visitor {
  readonly tree: Socket
  readonly terminal: Socket
  readonly told: RoleTold[] = []
  readonly refused: string[] = []
  list: TerminalInfo[] = []
  output = ''

  constructor(token: string) {
    this.tree = socketTo('/tree', token)
    this.terminal = socketTo('/terminal', token)
    for (const socket of [this.tree, this.terminal])
      socket.on('access', (told: RoleTold) => this.told.push(told))
    this.terminal.on('list', (list: TerminalInfo[]) => (this.list = list))
    this.terminal.on('refused', ({ error }: { error: { code: string } }) => this.refused.push(error.code))
    const paint = (terminal: number, offset: number, bytes: Buffer): void => {
      this.output += bytes.toString()
      this.terminal.emit('ack', { terminal, offset: offset + bytes.length })
    }
    this.terminal.on('out', paint)
    this.terminal.on('snap', (at: { terminal: number; offset: number }, bytes: Buffer) => {
      this.output += bytes.toString()
      this.terminal.emit('ack', { terminal: at.terminal, offset: at.offset })
    })
  }

  static async of(who: Somebody, role: Role, ver = 0): Promise<Visitor> {
    const visitor = new Visitor(await tokenOf({ who, role, ver }))
    await eventually(() => visitor.tree.connected && visitor.terminal.connected)
    return visitor
  }

  async ask(where: 'tree' | 'terminal', event: string, ...request: unknown[]): Promise<string> {
    const answer: Answer<object> = await this[where].timeout(20_000).emitWithAck(event, ...request)
    return answer.ok ? 'ok' : answer.error.code
  }

  async open(): Promise<number> {
    const answer: Answer<{ terminal: number }> = await this.terminal
      .timeout(20_000)
      .emitWithAck('open', { cols: 80, rows: 24 })
    if (!answer.ok) throw new Error(answer.error.say)
    await this.attach(answer.terminal)
    return answer.terminal
  }

  attach(terminal: number): Promise<string> {
    return this.ask('terminal', 'attach', { terminal, cols: 80, rows: 24 })
  }

  type(terminal: number, text: string): void {
    this.terminal.emit('in', { terminal }, Buffer.from(text))
  }

  leave(): void {
    this.tree.disconnect()
    this.terminal.disconnect()
  }
}

let version = 0
async function change(who: Somebody, role: Role | null): Promise<AccessChange> {
  version += 1
  const say = role === null ? 'Ada removed you from two-sum.' : `Ada made you ${role}.`
  const made = { repl: setting.launch.repl, person: who.id, ver: version, role, say }
  const path = `/r/${setting.launch.repl}/control/access`
  const headers = bearer(await controlToken(setting))
  const answer = await ask(setting.launch, { path, method: 'POST', headers, body: { changes: [made] } })
  expect(answer.status).toBe(200)
  return made
}

test('A-8 T-4 W-11 a viewer’s raw sockets change nothing at any door, each refusal with its code: disk and pty stay as they were', async () => {
  writeFileSync(inWorkspace('notes.txt'), 'as it was')
  const editor = await Visitor.of(ada, 'editor')
  const viewer = await Visitor.of(grace, 'viewer')
  const terminal = await editor.open()
  expect(await viewer.attach(terminal)).toBe('ok')
  const before = readdirSync(setting.launch.workspace).toSorted()

  viewer.type(terminal, 'touch stolen\r')
  viewer.terminal.emit('size', { terminal, cols: 20, rows: 5 })
  const answers = {
    create: await viewer.ask('tree', 'create', { path: 'stolen.txt', kind: 'file' }),
    move: await viewer.ask('tree', 'move', { from: 'notes.txt', to: 'moved.txt' }),
    remove: await viewer.ask('tree', 'remove', { paths: ['notes.txt'] }),
    put: await file('PUT', await tokenOf({ who: grace, role: 'viewer' })),
    open: await viewer.ask('terminal', 'open', { cols: 80, rows: 24 }),
    close: await viewer.ask('terminal', 'close', { terminal }),
    rename: await viewer.ask('terminal', 'rename', { terminal, name: 'mine' }),
    run: await viewer.ask('terminal', 'run', {}),
    stop: await viewer.ask('terminal', 'stop'),
    take: await viewer.ask('terminal', 'keyboard', { terminal, op: 'take' }),
    give: await viewer.ask('terminal', 'keyboard', { terminal, op: 'give', to: grace.id }),
  }
  await eventually(() => viewer.refused.length === 2)
  editor.type(terminal, 'stty size; echo se""en\r')
  await eventually(() => viewer.output.includes('seen'))

  expect(Object.values(answers)).toEqual(Array(Object.keys(answers).length).fill('forbidden'))
  expect(viewer.refused).toEqual(['forbidden', 'forbidden'])
  expect(editor.output).toContain('24 80')
  expect(readdirSync(setting.launch.workspace).toSorted()).toEqual(before)
  expect(readFileSync(inWorkspace('notes.txt'), 'utf8')).toBe('as it was')
  expect(await file('GET', await tokenOf({ who: grace, role: 'viewer' }))).toBe('ok')
  for (const each of [editor, viewer]) each.leave()
})

test('A-9 a changed role holds on the open sockets: made an editor, a viewer again, and removed, without one reconnect', async () => {
  const owner = await Visitor.of(ada, 'owner')
  const guest = await Visitor.of(grace, 'viewer')
  const ids = [guest.tree.id, guest.terminal.id]
  const terminal = await owner.open()
  await guest.attach(terminal)
  expect(await guest.ask('tree', 'create', { path: 'mine.txt', kind: 'file' })).toBe('forbidden')

  await change(grace, 'editor')
  expect(await guest.ask('tree', 'create', { path: 'mine.txt', kind: 'file' })).toBe('ok')
  guest.type(terminal, 'echo by""guest\r')
  await eventually(() => owner.output.includes('byguest'))

  await change(grace, 'viewer')
  expect(await guest.ask('tree', 'remove', { paths: ['mine.txt'] })).toBe('forbidden')
  guest.type(terminal, 'rm mine.txt\r')
  await eventually(() => guest.refused.at(-1) === 'forbidden')
  expect([guest.tree.id, guest.terminal.id]).toEqual(ids)

  const last = await change(grace, null)
  await eventually(() => !guest.tree.connected && !guest.terminal.connected)
  expect(guest.told.filter(({ role }) => role === null)).toEqual([
    { role: null, say: last.say },
    { role: null, say: last.say },
  ])
  expect(existsSync(inWorkspace('mine.txt'))).toBe(true)
  expect(owner.told).toEqual([])
  await eventually(() => owner.list.find(({ id }) => id === terminal)?.viewers === 1)
  owner.leave()
})

test('A-9 an upload of somebody who is removed meanwhile is refused at its end, and leaves nothing', async () => {
  const joan = { id: 'joanjoanjoanjoan', name: 'Joan' }
  const body = Buffer.alloc(200_000, 'x')
  const { port } = front.address() as AddressInfo
  const headers = { ...bearer(await tokenOf({ who: joan })), 'content-length': body.length }
  const sent = request({ port, host: '127.0.0.1', path: fileAt('large.bin'), method: 'PUT', headers })
  const answered = once(sent, 'response')
  await new Promise<void>((done) => sent.write(body.subarray(0, 100_000), () => done()))
  await change(joan, null)
  sent.end(body.subarray(100_000))
  const [answer] = await answered
  expect(JSON.parse(await text(answer))).toMatchObject({
    error: { code: 'forbidden', say: 'Ada removed you from two-sum.' },
  })
  expect(existsSync(inWorkspace('large.bin'))).toBe(false)
})

test('A-10 A-2 tokens of another repl, of yesterday, of before a change and of a removed member are refused at every door, also after a restart of the runner', async () => {
  const removed = await change(grace, null)
  const promoted = await change(ada, 'owner')
  const bad: [Partial<TokenAsk>, string][] = [
    [{ repl: aReplId() }, 'forbidden'],
    [{ who: grace }, 'forbidden'],
    [{ who: ada }, 'expired-token'],
    [{ expiresIn: -24 * 3600 }, 'expired-token'],
    [{ generation: 0 }, 'stale-generation'],
  ]
  const refusals = async (): Promise<string[][]> =>
    Promise.all(
      bad.map(async ([of]) => {
        const token = await tokenOf(of)
        return Promise.all([
          knock('/tree', token),
          knock('/terminal', token),
          file('GET', token),
          file('PUT', token),
        ])
      }),
    )
  const wanted = bad.map(([, code]) => Array(4).fill(code))
  expect(await refusals()).toEqual(wanted)

  await runner.close()
  runner = await startRunner({ ...setting.launch, access: [removed, promoted] })
  expect(await refusals()).toEqual(wanted)
  expect(await knock('/tree', await tokenOf({ who: grace, ver: removed.ver }))).toBe('in')

  // The guard itself: a runner that is not told lets the old token in.
  await runner.close()
  runner = await startRunner(setting.launch)
  expect(await knock('/tree', await tokenOf({ who: grace }))).toBe('in')
})

test('A-1 only the orchestrator says whose role has changed', async () => {
  const path = `/r/${setting.launch.repl}/control/access`
  const changes = [{ repl: setting.launch.repl, person: ada.id, ver: 99, role: 'owner', say: 'Me.' }]
  for (const token of [
    await tokenOf({ role: 'owner' }),
    await controlToken(setting, { gen: 9 }),
    'nonsense',
  ]) {
    const answer = await ask(setting.launch, {
      path,
      method: 'POST',
      headers: bearer(token),
      body: { changes },
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
  }
  expect(await knock('/tree', await tokenOf({ who: ada }))).toBe('in')
})
