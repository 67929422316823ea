// The front door routes, streams, strips cookies and says what is wrong; over real sockets.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startFrontDoor } from '../../orchestrator/exposure/front-door/start.ts'
import { type DoorRig, echoes, heard, repl, startBehind, startDoorRig, urlOf } from './front-door-rig.ts'

let rig: DoorRig
beforeEach(async () => void (rig = await startDoorRig()))
afterEach(() => rig.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(rig.door.url + path, { headers, redirect: 'manual' })

test('each path goes to its own server, whole with its query', async () => {
  const cases = [
    ['/', 'app /'],
    ['/repls/x?tab=1', 'app /repls/x?tab=1'],
    ['/collab/a/b/c?x=1', 'collab /collab/a/b/c?x=1'],
    [`/r/${repl}/tree?y=%2F..`, `runner /r/${repl}/tree?y=%2F..`],
    ['/collaborate', 'app /collaborate'],
    ['/r/short/x', 'app /r/short/x'],
    ['/robots.txt', 'app /robots.txt'],
  ] as const
  for (const [path, expected] of cases) expect(await (await get(path)).text()).toBe(expected)
})

test('A-6 cookies of ours go to the app alone, and only the app may set them; Authorization goes to all', async () => {
  const headers = { cookie: 'devex=secret', authorization: 'Bearer t' }

  const fromApp = await get('/', headers)
  const fromCollab = await get('/collab/x', headers)
  const fromRunner = await get(`/r/${repl}/files`, headers)

  expect(rig.app.seen[0]?.headers.cookie).toBe('devex=secret')
  expect(fromApp.headers.getSetCookie()).toEqual(['app=1', 'session=stolen; Path=/'])
  for (const [behind, answer] of [
    [rig.collab, fromCollab],
    [rig.runner, fromRunner],
  ] as const) {
    expect(behind.seen[0]?.headers.cookie).toBeUndefined()
    expect(behind.seen[0]?.headers.authorization).toBe('Bearer t')
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(answer.headers.get('x-from')).not.toBeNull()
  }
})

test('A-6 cookies are stripped from websocket upgrades too, in both directions', async () => {
  for (const [path, behind] of [
    ['/collab/a/b/c', rig.collab],
    [`/r/${repl}/live/`, rig.runner],
  ] as const) {
    const socket = await rig.say(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nCookie: devex=secret\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const [piece] = await once(socket, 'data')
    expect(String(piece)).toMatch(/^HTTP\/1\.1 101 /)
    expect(String(piece)).not.toMatch(/set-cookie/i)
    expect(behind.seen[0]?.headers.cookie).toBeUndefined()
  }
})

test('A-6 a runner cannot change the origin it shares with the app', async () => {
  rig.runner.answer = (_req, res) =>
    res.writeHead(200, { 'clear-site-data': '"cookies"', 'service-worker-allowed': '/' }).end()

  const answer = await get(`/r/${repl}/files`)

  expect(answer.headers.get('clear-site-data')).toBeNull()
  expect(answer.headers.get('service-worker-allowed')).toBeNull()
})

test('forwarded headers are ours, whatever was sent', async () => {
  await get('/', {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-user': 'admin',
    forwarded: 'host=evil.example',
    'x-real-ip': '6.6.6.6',
  })

  const { headers } = rig.app.seen[0]!
  const host = new URL(rig.door.url).host
  expect(headers).toMatchObject({ host, 'x-forwarded-host': host, 'x-forwarded-proto': 'http' })
  expect(headers['x-forwarded-for']).toBe('127.0.0.1')
  expect([headers['x-forwarded-user'], headers.forwarded, headers['x-real-ip']]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('websockets carry text, bytes, subprotocols and close codes both ways', async () => {
  const ws = await rig.open(`/r/${repl}/live/?EIO=4`)
  expect(await echoes(ws, 'hello')).toBe('hello')
  const large = Buffer.alloc(3_000_000, 7)
  const back = once(ws, 'message')
  ws.send(large)
  expect(Buffer.compare((await back)[0] as Buffer, large)).toBe(0)

  const closed = once(ws, 'close')
  rig.runner.sockets[0]!.close(4409, 'wrong epoch')

  expect((await closed).map(String)).toEqual(['4409', 'wrong epoch'])
})

test('a close code comes through even while the page keeps sending', async () => {
  const ws = await rig.open('/collab/a/b/c')
  rig.collab.sockets[0]!.pause()
  for (let n = 0; n < 50; n++) ws.send(Buffer.alloc(100_000))
  const closed = once(ws, 'close')
  rig.collab.sockets[0]!.resume()
  rig.collab.sockets[0]!.close(4400)

  expect((await closed)[0]).toBe(4400)
})

test('a refused upgrade comes back as the server behind said it', async () => {
  rig.collab.server.removeAllListeners('upgrade')
  rig.collab.server.on('upgrade', (_req, socket) =>
    socket.end('HTTP/1.1 401 Unauthorized\r\nset-cookie: a=1\r\ncontent-length: 2\r\n\r\nno'),
  )
  const text = await heard(
    await rig.say('GET /collab/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
  )

  expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
  expect(text).toMatch(/\r\n\r\nno$/)
  expect(text).not.toMatch(/set-cookie/i)
})

test('an event stream comes through event by event, and its end behind is seen when the page leaves', async () => {
  let gone = false
  rig.app.answer = (_req, res) => {
    res.on('close', () => (gone = true))
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('data: one\n\n')
  }
  const leave = new AbortController()
  const answer = await fetch(`${rig.door.url}/events`, { signal: leave.signal })
  const first = await answer.body!.getReader().read()

  expect(Buffer.from(first.value!).toString()).toBe('data: one\n\n')
  leave.abort()
  await expect.poll(() => gone).toBe(true)
})

test('headers come before the first byte of the body, and a large upload is streamed', async () => {
  let bytes = 0
  rig.runner.answer = (req, res) => {
    res.writeHead(200).flushHeaders()
    req.on('data', (piece: Buffer) => (bytes += piece.length)).on('end', () => res.end('done'))
  }
  const upload = request(`${rig.door.url}/r/${repl}/files`, { method: 'PUT' })
  upload.write(Buffer.alloc(1_000_000))
  const [answer] = await once(upload, 'response')
  upload.end(Buffer.alloc(1_000_000))

  expect(String(await once(answer, 'data'))).toBe('done')
  expect(bytes).toBe(2_000_000)
})

test('a repl that is not exposed, or no longer, is told in words', async () => {
  const unknown = await get(`/r/${'z'.repeat(20)}/tree`)
  expect([unknown.status, await unknown.json()]).toMatchObject([409, { code: 'not-running' }])
  const proto = await get('/r/__proto__/tree')
  expect(await proto.text()).toBe('app /r/__proto__/tree')

  await rig.exposure.hide(repl)
  expect((await get(`/r/${repl}/tree`)).status).toBe(409)
})

test('a server that is down is a sentence: JSON for programs, a page that tries again for people', async () => {
  await rig.app.close()
  await rig.runner.close()

  const runner = await get(`/r/${repl}/tree`)
  const page = await get('/', { accept: 'text/html' })
  const upgrade = await heard(
    await rig.say(
      `GET /r/${repl}/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ),
  )

  expect([runner.status, await runner.json()]).toMatchObject([503, { code: 'unavailable' }])
  expect(page.status).toBe(503)
  expect(page.headers.get('content-type')).toMatch(/text\/html/)
  expect(await page.text()).toMatch(/<meta http-equiv="refresh"/)
  expect(upgrade).toMatch(/^HTTP\/1\.1 503 .*"code":"unavailable"/s)
})

test('only known hosts are served when they are known', async () => {
  const strict = await startFrontDoor({
    DEVEX_BUILD: 'test',
    DEVEX_LOG: 'silent',
    DEVEX_HOST: '127.0.0.1',
    DEVEX_PORT: 0,
    DEVEX_APP_URL: urlOf(rig.app),
    DEVEX_COLLAB_URL: urlOf(rig.collab),
    DEVEX_ORIGINS: 'http://localhost:7000, https://ide.example',
    DEVEX_ROUTES: rig.routesFile,
  })
  const statusFor = async (host: string) => {
    const asked = request({ host: '127.0.0.1', port: strict.port, headers: { host } }).end()
    const [answer] = await once(asked, 'response')
    answer.resume()
    return answer.statusCode
  }

  expect(await statusFor('localhost:7000')).toBe(200)
  expect(await statusFor('IDE.example')).toBe(200)
  expect(await statusFor('rebound.evil.example')).toBe(403)
  expect(await statusFor('localhost:7001')).toBe(403)
  await strict.close()
})

test('a table that is half garbage changes nothing, and one from an earlier life is used', async () => {
  expect((await get(`/r/${repl}/x`)).status).toBe(200)
  await writeFile(rig.routesFile, '{"runners":')
  expect((await get(`/r/${'z'.repeat(20)}/x`)).status).toBe(409)
  expect((await get(`/r/${repl}/x`)).status).toBe(200)

  const socket = join(rig.root, 'second.sock')
  const second = await startBehind(socket, 'second')
  await writeFile(rig.routesFile, JSON.stringify({ runners: { [repl]: { socket } } }))
  expect(await (await get(`/r/${repl}/x`)).text()).toBe(`second /r/${repl}/x`)
  await second.close()
})
