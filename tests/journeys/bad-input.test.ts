// Bad input through the real front door: each gets its own clear refusal, nothing changes, and somebody who types beside it never notices.
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { RoomNotice, collabMessage } from '../../protocol/document.ts'
import { Opened } from '../../protocol/tree.ts'
import { eventually } from '../support/eventually.ts'
import { rawRequest, rawRoom, rawSocket } from '../support/raw.ts'
import type { Inhabitant } from '../support/visitor.ts'
import { secret, setScene, type Scene } from './bad-input-scene.ts'

let scene: Scene
beforeAll(async () => void (scene = await setScene()))
afterAll(() => scene.close())

const MB = 1_000_000
type Asked = { ok: boolean; error?: { code: string; say: string }; opened?: unknown; terminal?: number }

function ask(socket: unknown, event: string, ...said: unknown[]): Promise<Asked> {
  return (socket as Socket).timeout(10_000).emitWithAck(event, ...said) as Promise<Asked>
}

async function refusedBy(socket: unknown, event: string, said: unknown): Promise<string> {
  const { ok, error } = await ask(socket, event, said)
  expect(ok, `${event} ${JSON.stringify(said)}`).toBe(false)
  expect(error?.say).toMatch(/^\p{Lu}.*\.$|: /u)
  return error?.code ?? ''
}

/** The address of a file's room. */
async function roomOf(who: Inhabitant, path: string): Promise<string> {
  const opened = Opened.parse((await ask(who.tree(), 'open', { path })).opened)
  if (opened.kind !== 'text') throw new Error(`${path} is ${opened.kind}`)
  return `${who.doors.collab}/${who.doors.repl}/${opened.doc}/${opened.epoch}`
}

const varUint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varUint(value >>> 7)]

/** A sync frame with an update that inserts `text`. */
function updateOf(text: string): Uint8Array {
  const doc = new Y.Doc()
  doc.getText('content').insert(0, text)
  const update = Y.encodeStateAsUpdate(doc)
  return Buffer.concat([Buffer.from([0, 2, ...varUint(update.length)]), update])
}

/** A socket.io connection with any token and headers, and why it was refused. */
function live(
  namespace: 'tree' | 'terminal',
  of: { token?: string; headers?: Record<string, string> },
): Socket {
  const { origin, pathname } = new URL(scene.ada.doors.runner)
  return io(`${origin}/${namespace}`, {
    path: `${pathname}/live`,
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: of.token === undefined ? {} : { token: of.token },
    extraHeaders: of.headers ?? {},
  })
}

async function whyRefused(socket: Socket): Promise<{ code: string; say: string }> {
  const error = await new Promise<Error & { data?: { code: string; say: string } }>((resolve, reject) => {
    socket.on('connect_error', resolve)
    socket.on('connect', () => reject(new Error('it was let in')))
  })
  socket.disconnect()
  return error.data ?? { code: error.message, say: '' }
}

test('an unknown template and bad names are refused in words, and no repl is made', () =>
  scene.unharmed(async () => {
    const before = await scene.owner.repls()
    const unknown = await scene.owner.send('/repls', '{"name":"fine","template":"nothing"}')
    expect(unknown.status).toBe(404)
    expect(await unknown.json()).toMatchObject({
      error: { code: 'not-found', say: expect.stringContaining('template') as string },
    })
    const bad = [
      { name: 'fine', template: '../python' },
      { name: '', template: 'python' },
      { name: '   ', template: 'python' },
      { name: 'x'.repeat(61), template: 'python' },
      { name: '<script>alert(1)</script>', template: 'python' },
      { name: 'a\u0000b', template: 'python' },
      { name: 'a\nb', template: 'python' },
      { name: 7, template: 'python' },
      {},
    ]
    for (const body of bad) {
      const answer = await scene.owner.send('/repls', JSON.stringify(body))
      const { error } = (await answer.json()) as { error: { code: string; say: string } }
      expect([answer.status, error.code], JSON.stringify(body)).toEqual([400, 'bad-input'])
      expect(error.say.length).toBeGreaterThan(10)
      expect(error.say).not.toContain('<script>')
    }
    for (const name of ['', '<script>', 'x'.repeat(61), 'a\u0007'])
      expect(
        (await scene.owner.send(`/repl/${scene.repl}/rename`, JSON.stringify({ name }))).status,
        name,
      ).toBe(400)
    expect((await scene.owner.send('/repls', 'no json {')).status).toBe(400)
    expect((await scene.owner.send('/repls', `{"name":"${'x'.repeat(100_000)}"}`)).status).toBe(413)
    expect(await scene.owner.repls()).toEqual(before)
  }))

const badPaths = ['..', '../x', '/etc/passwd', 'a/../../x', 'a//b', './a', 'a\\b', 'a\u0000b', 'a\nb', 'x/..']
const outPaths = ['out/secret.txt', 'out/new.txt', 'out/deep/new.txt']

test('W-1 no tree command takes a path that leads out of the workspace', () =>
  scene.unharmed(async () => {
    const tree = scene.ada.tree()
    for (const path of badPaths) {
      for (const event of ['list', 'open']) {
        expect(await refusedBy(tree, event, { path }), path).toMatch(/^bad-(path|input)$/)
      }
      for (const kind of ['file', 'folder'])
        expect(await refusedBy(tree, 'create', { path, kind }), path).toMatch(/^bad-(path|input)$/)
      expect(await refusedBy(tree, 'move', { from: 'main.py', to: path }), path).toMatch(/^bad-(path|input)$/)
      expect(await refusedBy(tree, 'move', { from: path, to: 'stolen' }), path).toMatch(/^bad-(path|input)$/)
      expect(await refusedBy(tree, 'remove', { paths: [path] }), path).toMatch(/^bad-(path|input)$/)
    }
    expect(await refusedBy(tree, 'open', { path: 'peek' })).toBe('bad-path')
    for (const path of outPaths) {
      expect(await refusedBy(tree, 'create', { path, kind: 'file' }), path).toBe('bad-path')
      expect(await refusedBy(tree, 'create', { path, kind: 'folder' }), path).toBe('bad-path')
      expect(await refusedBy(tree, 'move', { from: 'main.py', to: path }), path).toBe('bad-path')
    }
    expect(await refusedBy(tree, 'open', { path: 'out/secret.txt' })).toBe('bad-path')
    expect(await refusedBy(tree, 'move', { from: 'out/secret.txt', to: 'stolen' })).toBe('bad-path')
    expect(await refusedBy(tree, 'remove', { paths: ['out/secret.txt'] })).toBe('bad-path')
    const listed = await ask(tree, 'list', { path: 'out' })
    expect(JSON.stringify(listed)).not.toContain('secret')
  }))

test('W-1 no address makes the files door read or write outside the workspace', () =>
  scene.unharmed(async () => {
    const { runner, token } = scene.ada.doors
    const { origin, pathname } = new URL(runner)
    const bad = [
      '../outside/secret.txt',
      '../../outside/secret.txt',
      '%2e%2e/outside/secret.txt',
      '%2e%2e%2foutside%2fsecret.txt',
      '..%2f..%2foutside%2fsecret.txt',
      '.%2e/x',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      'a%00b',
      'a%5cb',
      '%zz',
      '%c0%ae%c0%ae/x',
      'peek',
      ...outPaths,
    ]
    for (const path of bad) {
      for (const method of ['GET', 'PUT']) {
        const target = `${pathname}/files/${path}`
        const answer = await rawRequest(origin, target, { method, token, body: 'overwritten' })
        const isMissing = method === 'GET' && path.includes('new.txt') && answer.code === 'not-found'
        if (!isMissing) expect([answer.status, answer.code], `${method} ${path}`).toEqual([400, 'bad-path'])
        expect(answer.text).not.toContain(secret)
      }
    }
    expect((await rawRequest(origin, `${pathname}/../../outside/secret.txt`, { token })).status).toBe(404)
  }))

test('W-1 an address that is encoded twice is an odd name inside the workspace, never a way out', async () => {
  const { runner, token } = scene.ada.doors
  const { origin, pathname } = new URL(runner)
  const odd = `${pathname}/files/%252e%252e%252foutside%252fsecret.txt`
  await scene.unharmed(async () => {
    const missing = await rawRequest(origin, odd, { token })
    expect([missing.status, missing.code]).toEqual([404, 'not-found'])
  })
  expect((await rawRequest(origin, odd, { method: 'PUT', token, body: 'mine' })).status).toBe(200)
  const name = '%2e%2e%2foutside%2fsecret.txt'
  expect(readFileSync(join(scene.workspace, name), 'utf8')).toBe('mine')
  expect(readFileSync(join(scene.outside, 'secret.txt'), 'utf8')).toBe(secret)
  expect((await ask(scene.ada.tree(), 'remove', { paths: [name] })).ok).toBe(true)
  expect(existsSync(join(scene.workspace, name))).toBe(false)
})

test('T-6 a paste of 6 MB into a terminal is refused whole and in words, and the terminal works on', () =>
  scene.unharmed(async () => {
    const socket = scene.ada.terminals() as unknown as Socket
    const { terminal } = await ask(socket, 'open', { cols: 80, rows: 24 })
    let shown = ''
    socket.on('out', (_of: number, _offset: number, bytes: Uint8Array) => {
      shown += Buffer.from(bytes).toString()
    })
    await ask(socket, 'attach', { terminal, cols: 80, rows: 24 })
    const refused = new Promise<{ terminal: number; error: { code: string; say: string } }>((resolve) =>
      socket.once('refused', resolve),
    )
    socket.emit('in', { terminal }, Buffer.alloc(6 * MB, 'x'))
    const { error } = await refused
    expect(error.code).toBe('too-large')
    expect(error.say).toContain('upload a file instead')
    socket.emit('in', { terminal }, Buffer.from(`echo still-$((40+2))\r`))
    await eventually(() => shown.includes('still-42'))
    expect(shown).not.toContain('xxxx')
    expect((await ask(socket, 'close', { terminal })).ok).toBe(true)
  }))

test('C-3 an edit of 7 MB and frames that are no frames close their sender with a code and words, and change nothing', () =>
  scene.unharmed(async () => {
    const url = await roomOf(scene.ada, 'main.py')
    const { token } = scene.ada.doors
    const sent = async (
      data: Uint8Array | string,
      isOurs: boolean,
    ): Promise<{ code: number; say: string }> => {
      const peer = rawRoom(url, { token, isOurs })
      await eventually(() => peer.frames.length > 0)
      peer.socket.send(data)
      return peer.ended
    }
    const garbage = [
      Buffer.alloc(0),
      Buffer.from([0]),
      Buffer.from([0, 9, 0]),
      Buffer.from([0, 2, 5, 1]),
      Buffer.from([0, 2, 3, 255, 255, 255]),
      Buffer.from([0, 0, 3, 255, 255, 255]),
      Buffer.from([1, 200]),
      Buffer.from([102, 200, 1]),
      Buffer.concat([Buffer.from([0, 2, 200, 1]), randomBytes(200)]),
      'text, which no frame is',
    ]
    for (const isOurs of [true, false]) {
      const large = await sent(updateOf('y'.repeat(7 * MB)), isOurs)
      expect(large.code).toBe(4413)
      expect(large.say).toContain('too large')
      for (const frame of garbage) {
        const { code, say } = await sent(frame, isOurs)
        const isToken = typeof frame !== 'string' && frame[0] === collabMessage.token
        expect(code, JSON.stringify(frame)).toBe(isToken ? 4401 : 4400)
        expect(say.length).toBeGreaterThan(10)
      }
    }
  }))

test('garbage events on the live sockets are refused in words, and the socket or at least everybody else works on', () =>
  scene.unharmed(async () => {
    const odd: unknown[] = [undefined, null, 7, 'x', [], {}, { path: {} }, { path: ['..'] }, Buffer.from('x')]
    const tree = scene.ada.tree()
    const terminal = scene.ada.terminals()
    for (const event of ['list', 'open', 'create', 'move', 'remove', '__proto__', 'constructor', 'nothing'])
      for (const said of odd) expect(await refusedBy(tree, event, said)).toMatch(/^bad-(input|path)$/)
    for (const event of ['open', 'attach', 'close', 'rename'])
      for (const said of odd)
        expect(await refusedBy(terminal, event, said)).toMatch(/^(bad-input|not-found)$/)
    for (const event of ['in', 'size', 'ack', 'detach', 'run', 'stop', 'list'])
      for (const said of [null, 7, [], 'x']) (terminal as unknown as Socket).emit(event, said, said, said)
    ;(tree as unknown as Socket).emit('remove', { paths: ['main.py'] })
    expect((await ask(tree, 'list', { path: '' })).ok).toBe(true)
    const opened = await ask(terminal, 'open', { cols: 80, rows: 24 })
    expect((await ask(terminal, 'close', { terminal: opened.terminal })).ok).toBe(true)

    const address = `${scene.ada.doors.runner.replace('http', 'ws')}/live/?EIO=4&transport=websocket`
    for (const packet of [
      'zzz',
      '42["x"',
      '4{',
      '40/tree,{"token":',
      Buffer.from([1, 2, 3]),
      '9'.repeat(9 * MB),
    ]) {
      const raw = rawSocket(new WebSocket(address))
      await eventually(() => raw.frames.length > 0)
      raw.socket.send(packet)
      await raw.ended
    }
    expect((await ask(tree, 'list', { path: '' })).ok).toBe(true)
  }))

async function badTokens(): Promise<{ what: string; token: string; code: string }[]> {
  const { repl, generation } = scene.ada.doors
  const claims = { name: 'Ada', repl, role: 'owner', gen: generation }
  const sub = 'adaadaadaadaadaa'
  return [
    {
      what: 'expired',
      token: await scene.sign(claims, { audience: 'door', expiresIn: -120, sub }),
      code: 'expired-token',
    },
    { what: 'of another repl', token: scene.foreignToken, code: 'bad-token|forbidden' },
    {
      what: 'of an unknown key',
      token: await scene.sign(claims, { audience: 'door', expiresIn: 600, sub, unknownKey: true }),
      code: 'bad-token',
    },
    {
      what: 'of another audience',
      token: await scene.sign(claims, { audience: 'control', expiresIn: 600, sub }),
      code: 'bad-token',
    },
    { what: 'nonsense', token: 'a.b.c', code: 'bad-token' },
  ]
}

test('A-1 A-2 every door refuses an expired token, another repl’s, an unknown key’s and nonsense, each by its own code', () =>
  scene.unharmed(async () => {
    const url = await roomOf(scene.ada, 'main.py')
    const { origin, pathname } = new URL(scene.ada.doors.runner)
    for (const { what, token, code } of await badTokens()) {
      const isRight = new RegExp(`^(${code})$`)
      const room = rawRoom(url, { token })
      const { code: closed, say } = await room.ended
      expect(closed, what).toBe(4401)
      expect(say, what).toMatch(what === 'expired' ? /expired/ : /token/i)
      expect(room.frames, what).toEqual([])
      for (const namespace of ['tree', 'terminal'] as const)
        expect((await whyRefused(live(namespace, { token }))).code, what).toMatch(isRight)
      for (const method of ['GET', 'PUT']) {
        const answer = await rawRequest(origin, `${pathname}/files/main.py`, { method, token, body: 'no' })
        expect(answer.code, `${method} ${what}`).toMatch(isRight)
        expect([401, 403]).toContain(answer.status)
        expect(answer.say.length).toBeGreaterThan(10)
      }
    }
    expect((await whyRefused(live('tree', {}))).code).toBe('bad-token')
    expect((await rawRequest(origin, `${pathname}/files/main.py`)).code).toBe('bad-token')
  }))

test('T-4 C-8 A-1 a viewer changes nothing by any door, and is told so each time', () =>
  scene.unharmed(async () => {
    const { viewer } = scene
    const tree = viewer.tree()
    expect(await refusedBy(tree, 'create', { path: 'new.txt', kind: 'file' })).toBe('forbidden')
    expect(await refusedBy(tree, 'move', { from: 'main.py', to: 'moved.py' })).toBe('forbidden')
    expect(await refusedBy(tree, 'remove', { paths: ['main.py'] })).toBe('forbidden')
    const { origin, pathname } = new URL(viewer.doors.runner)
    const put = { method: 'PUT', token: viewer.doors.token, body: 'viewer' }
    const answer = await rawRequest(origin, `${pathname}/files/main.py`, put)
    expect([answer.status, answer.code]).toEqual([403, 'forbidden'])

    const terminals = viewer.terminals() as unknown as Socket
    const { terminal } = await ask(scene.ada.terminals(), 'open', { cols: 80, rows: 24 })
    expect(await refusedBy(terminals, 'open', { cols: 80, rows: 24 })).toBe('forbidden')
    expect(await refusedBy(terminals, 'close', { terminal })).toBe('forbidden')
    expect(await refusedBy(terminals, 'rename', { terminal, name: 'mine' })).toBe('forbidden')
    expect(await refusedBy(terminals, 'run', {})).toBe('forbidden')
    expect((await ask(terminals, 'stop')).error?.code).toBe('forbidden')
    await ask(terminals, 'attach', { terminal, cols: 80, rows: 24 })
    const refused = new Promise<{ error: { code: string } }>((resolve) => terminals.once('refused', resolve))
    terminals.emit('in', { terminal }, Buffer.from('touch viewer.txt\r'))
    expect((await refused).error.code).toBe('forbidden')
    expect((await ask(scene.ada.terminals(), 'close', { terminal })).ok).toBe(true)

    const url = await roomOf(viewer, 'main.py')
    const stock = rawRoom(url, { token: viewer.doors.token })
    await eventually(() => stock.frames.length > 0)
    stock.socket.send(updateOf('viewer'))
    expect((await stock.ended).code).toBe(4403)
    const ours = rawRoom(url, { token: viewer.doors.token, isOurs: true })
    await eventually(() => ours.frames.length > 0)
    ours.socket.send(updateOf('viewer'))
    const notice = await eventually(() => ours.frames.map(noticeIn).find((one) => one?.kind === 'refused'))
    expect('say' in notice && notice.say).toContain('viewer')
    ours.socket.close()

    for (const [path, body] of [
      ['rename', { name: 'taken' }],
      ['stop', {}],
      ['start', {}],
      ['delete', {}],
      ['invites', { role: 'editor' }],
    ] as const) {
      const answer = await scene.viewerPerson.send(`/repl/${scene.repl}/${path}`, JSON.stringify(body))
      expect(answer.status, path).toBe(403)
    }
  }))

function noticeIn(frame: Buffer): RoomNotice | null {
  if (frame[0] !== collabMessage.notice) return null
  return RoomNotice.safeParse(JSON.parse(frame.subarray(frame.indexOf('{')).toString())).data ?? null
}

test('A-3 a change from a foreign Origin is refused by the app, the live sockets, the rooms and the files door', () =>
  scene.unharmed(async () => {
    const evil = { origin: 'http://evil.example' }
    for (const headers of [evil, { origin: 'null' }, { origin: `${scene.product.url}.evil.example` }]) {
      const answer = await scene.owner.send('/repls', '{"name":"x","template":"python"}', headers)
      const { error } = (await answer.json()) as { error: { code: string } }
      expect([answer.status, error.code]).toEqual([403, 'foreign-origin'])
    }
    const { token, runner } = scene.ada.doors
    const room = rawRoom(await roomOf(scene.ada, 'main.py'), { token, headers: evil })
    expect((await room.ended).code).toBe(403)
    await whyRefused(live('terminal', { token, headers: evil }))
    await whyRefused(live('tree', { token, headers: evil }))
    const address = `${runner.replace('http', 'ws')}/live/?EIO=4&transport=websocket`
    const upgrade = rawSocket(new WebSocket(address, { headers: evil }))
    expect(await upgrade.ended).toEqual({ code: 400, say: 'foreign origin' })
    const { origin, pathname } = new URL(runner)
    const ask = { method: 'PUT', token, headers: evil, body: 'evil' }
    const answer = await rawRequest(origin, `${pathname}/files/main.py`, ask)
    expect([answer.status, answer.code]).toEqual([403, 'foreign-origin'])
  }))

test('A-1 A-2 the control door obeys the orchestrator’s token for this session alone', () =>
  scene.unharmed(async () => {
    const { origin, pathname } = new URL(scene.ada.doors.runner)
    const { repl, generation, token } = scene.ada.doors
    const control = (claims: object, of: Partial<Parameters<Scene['sign']>[1]> = {}): Promise<string> =>
      scene.sign({ ...claims }, { audience: 'control', expiresIn: 60, ...of })
    const bad = [
      undefined,
      'nonsense',
      token,
      await control({ repl, gen: generation }, { unknownKey: true }),
      await control({ repl, gen: generation }, { expiresIn: -120 }),
      await control({ repl: 'b'.repeat(20), gen: generation }),
      await control({ repl, gen: generation + 1 }),
    ]
    for (const wrong of bad) {
      for (const [method, door] of [
        ['GET', 'health'],
        ['POST', 'quiesce'],
        ['POST', 'resume'],
      ] as const) {
        const ask = { method, body: '{"say":"bye"}', ...(wrong === undefined ? {} : { token: wrong }) }
        const answer = await rawRequest(origin, `${pathname}/control/${door}`, ask)
        expect(answer.status, `${door} ${wrong}`).toBeGreaterThanOrEqual(401)
        expect(answer.code).toMatch(/^(bad-token|expired-token|forbidden|stale-generation)$/)
      }
    }
    expect((await ask(scene.ada.tree(), 'list', { path: '' })).ok).toBe(true)
  }))
