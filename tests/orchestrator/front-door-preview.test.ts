// Previews through the front door: which host and port leads where, what never passes, and that nothing of ours lies there.
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { request, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { previewSocketOf } from '../../protocol/preview.ts'
import { frontDoorExposure } from '../../orchestrator/exposure/front-door/exposure.ts'
import { startFrontDoor } from '../../orchestrator/exposure/front-door/start.ts'
import { echoes, repl, startBehind, startDoorRig, type Behind, type DoorRig } from './front-door-rig.ts'

const ownAddress = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find((address) => !address.internal && address.family === 'IPv4')?.address
const noNetwork = ownAddress === undefined
if (noNetwork)
  console.warn(
    'this machine has no address but its own loopback: one test of previews on a network is left out',
  )
const slug = 'two-sum-abcdef'
const other = 'tsrqponmlkjihgfedcba'
let rig: DoorRig
let preview: Behind
let local: string

beforeAll(async () => {
  rig = await startDoorRig()
  preview = await startBehind(previewSocketOf(join(rig.root, 'r.sock')), 'preview')
  local = `localhost:${rig.door.port}`
  const place = { repl, slug, port: 3000, from: `http://${local}`, plain: false }
  await rig.exposure.preview(place)
})
afterAll(async () => {
  await preview.close()
  await rig.close()
})
beforeEach(() => {
  for (const behind of [rig.app, rig.collab, rig.runner, preview]) behind.seen.length = 0
})

type Answered = { status: number; headers: IncomingHttpHeaders; body: string }

async function ask(
  host: string,
  path = '/',
  of: { headers?: Record<string, string>; port?: number; method?: string; body?: string } = {},
): Promise<Answered> {
  const { headers = {}, port = rig.door.port, method = 'GET', body } = of
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: { host, ...headers },
    agent: false,
  })
  asked.end(body)
  const [response] = await once(asked, 'response')
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

const hostOf = (name = slug, port = 3000): string => `${name}--${port}.${local}`

describe('P-8 at a host of its own', () => {
  test('P-8 every path of a preview’s host leads to the preview door, with its port and origin', async () => {
    for (const path of [
      '/',
      '/r/' + repl + '/control/health',
      '/collab/x',
      '/v1/keys',
      '//two?a=%20{}',
      '/api',
    ])
      expect((await ask(hostOf(), path)).body).toBe(`preview ${path}`)

    expect(preview.seen).toHaveLength(6)
    expect(rig.app.seen.length + rig.runner.seen.length + rig.collab.seen.length).toBe(0)
    expect(preview.seen[0]?.headers).toMatchObject({
      'x-devex-preview-port': '3000',
      'x-devex-preview-origin': `http://${hostOf()}`,
      'x-forwarded-host': hostOf(),
    })
  })

  test('P-4 P-8 a websocket at a preview’s host reaches the preview door even at the path of our own', async () => {
    const ws = new WebSocket(`ws://127.0.0.1:${rig.door.port}/r/${repl}/live/?EIO=4&transport=websocket`, {
      headers: { host: hostOf() },
    })
    await once(ws, 'open')

    expect(await echoes(ws, 'hello')).toBe('hello')
    expect(preview.seen).toHaveLength(1)
    expect(rig.runner.seen).toHaveLength(0)
    ws.terminate()
  })

  test('P-8 a slug of nobody, and what only looks like a preview’s host, lead to no preview', async () => {
    expect((await ask(hostOf('nobody-abcdef'))).status).toBe(404)
    for (const host of ['__proto__', 'constructor', `${slug}x`].map((name) => hostOf(name))) await ask(host)
    await ask(`${slug}--3000.evil.example:${rig.door.port}`)
    await ask(`a.${hostOf()}`)
    await ask(hostOf(slug, 70000))

    expect(preview.seen).toHaveLength(0)
  })

  test('P-8 a repl that does not run says so, and is found again when it does', async () => {
    await rig.exposure.preview({
      repl: other,
      slug: 'other-234567',
      port: 80,
      from: `http://${local}`,
      plain: false,
    })
    const idle = await ask(hostOf('other-234567', 80), '/', { headers: { accept: 'text/html' } })
    expect(idle.status).toBe(409)
    expect(idle.body).toContain('<p>This REPL is not running. Start it first.</p>')

    await rig.exposure.expose(other, { socket: join(rig.root, 'r.sock') })
    expect((await ask(hostOf('other-234567', 80))).body).toBe('preview /')
    await rig.exposure.hide(other)
    expect((await ask(hostOf('other-234567', 80))).status).toBe(409)
  })

  test('P-4 nobody can speak in the front door’s name: its headers are its own', async () => {
    const forged = { 'x-devex-preview-port': '9', 'x-devex-preview-origin': 'http://evil.example' }

    await ask(hostOf(), '/', { headers: forged })
    await ask(local, `/r/${repl}/files/x`, { headers: forged })

    expect(preview.seen[0]?.headers).toMatchObject({
      'x-devex-preview-port': '3000',
      'x-devex-preview-origin': `http://${hostOf()}`,
    })
    expect(Object.keys(rig.runner.seen[0]?.headers ?? {}).join()).not.toContain('x-devex')
  })

  test('P-4 cookies of the app stay out of previews and those of previews out of the app, both ways', async () => {
    const cookie = 'devex=secret; __Host-devex=secret; devex-theme=dark; devex-preview-a-1=ticket; sid=1'
    preview.answer = (_req, res) =>
      void res
        .setHeader('set-cookie', ['devex=planted', '__Host-devex=planted', 'sid=2', 'devex-preview-a-1=new'])
        .end()

    const answered = await ask(hostOf(), '/', { headers: { cookie } })
    await ask(local, '/', { headers: { cookie } })
    await ask(local, `/r/${repl}/files/x`, { headers: { cookie } })

    expect(preview.seen[0]?.headers.cookie).toBe('devex-preview-a-1=ticket; sid=1')
    expect(answered.headers['set-cookie']).toEqual(['sid=2', 'devex-preview-a-1=new'])
    expect(rig.app.seen[0]?.headers.cookie).toBe('devex=secret; __Host-devex=secret; devex-theme=dark')
    expect(rig.runner.seen[0]?.headers.cookie).toBeUndefined()
  })
})

test.each([{ 'transfer-encoding': 'chunked' }, { 'content-length': '33', connection: 'content-length' }])(
  'P-4 the body of a GET stays one: nothing in it becomes a request of its own',
  async (framing) => {
    const hidden = 'GET /hidden HTTP/1.1\r\nhost: x\r\n\r\n'
    const paths: (string | undefined)[] = []
    preview.answer = (req, res) => {
      paths.push(req.url)
      void text(req).then((body) => res.end(body))
    }

    expect((await ask(hostOf(), '/', { headers: framing, body: hidden })).body).toBe(hidden)
    expect(paths).toEqual(['/'])
  },
)

test('P-4 a cookie that a preview’s page planted beside ours on the same host signs nobody in', async () => {
  await ask(local, '/', { headers: { cookie: 'devex=planted; devex-theme=dark; devex=ours' } })

  expect(rig.app.seen[0]?.headers.cookie).toBe('devex-theme=dark')
})

describe('P-8 at a port of the front door', () => {
  const plain = { repl, slug, port: 3000, plain: true }

  test('P-8 a browser that reaches no other host gets a port, the same each time, for this preview alone', async () => {
    const origin = await rig.exposure.preview({ ...plain, from: `http://127.0.0.1:${rig.door.port}` })
    const again = await rig.exposure.preview({ ...plain, from: `http://127.0.0.1:${rig.door.port}` })
    const second = await rig.exposure.preview({
      ...plain,
      port: 3001,
      from: `http://127.0.0.1:${rig.door.port}`,
    })

    expect(again).toBe(origin)
    expect(second).not.toBe(origin)
    const { port } = new URL(origin)
    preview.answer = (req, res) => void res.end(`preview ${req.url}`)
    for (const path of ['/', `/r/${repl}/control/health`])
      expect((await ask(`127.0.0.1:${port}`, path, { port: Number(port) })).body).toBe(`preview ${path}`)
    expect(preview.seen[0]?.headers).toMatchObject({
      'x-devex-preview-port': '3000',
      'x-devex-preview-origin': origin,
    })
    expect(rig.runner.seen.length + rig.app.seen.length).toBe(0)
  })

  test.skipIf(noNetwork)('P-8 somebody on the network gets a port at the address they came by', async () => {
    const wide = await startDoorRig('', '0.0.0.0')
    try {
      const from = `http://${ownAddress}:${wide.door.port}`

      const origin = new URL(await wide.exposure.preview({ ...plain, plain: false, from }))

      expect(origin.hostname).toBe(ownAddress)
      expect(Number(origin.port)).not.toBe(wide.door.port)
    } finally {
      await wide.close()
    }
  })

  test('P-8 a repl holds 8 ports: one more takes the place of its own oldest, never of another repl’s', async () => {
    const from = `http://127.0.0.1:${rig.door.port}`
    const mine = { repl, slug: 'mine-abcdef', plain: true, from }
    const theirs = { repl: other, slug: 'theirs-abcdef', port: 3000, plain: true, from }
    const kept = await rig.exposure.preview(theirs)
    const opened: string[] = []
    for (let port = 4000; port < 4009; port += 1) opened.push(await rig.exposure.preview({ ...mine, port }))
    const known = { mayOpen: false }

    expect(await rig.exposure.preview({ ...theirs, ...known })).toBe(kept)
    expect(await rig.exposure.preview({ ...mine, port: 4001, ...known })).toBe(opened[1])
    expect(await rig.exposure.preview({ ...mine, port: 4008, ...known })).toBe(opened[8])
    await expect(rig.exposure.preview({ ...mine, port: 4000, ...known })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  test('P-8 a name that was made to resolve to us is refused at such a port too', async () => {
    const strict = await startDoorRig('http://127.0.0.1:7070')
    try {
      const origin = await strict.exposure.preview({ ...plain, from: 'http://127.0.0.1:7070' })
      const { port } = new URL(origin)

      const answered = await ask(`evil.example:${port}`, '/', { port: Number(port) })

      expect(answered.status).toBe(403)
    } finally {
      await strict.close()
    }
  })
})

test('P-8 below a wildcard name each preview has its host, with TLS where that is said, and localhost leads nowhere', async () => {
  const routesFile = join(rig.root, 'wild', 'routes.json')
  const settings = {
    routesFile,
    publicUrl: 'http://devex.example.org:7070',
    previewHost: 'https://*.p.example.org',
  }
  const exposure = frontDoorExposure(settings)
  await exposure.expose(repl, { socket: join(rig.root, 'r.sock') })
  const door = await startFrontDoor({
    DEVEX_BUILD: 'test',
    DEVEX_LOG: 'silent',
    DEVEX_HOST: '127.0.0.1',
    DEVEX_PORT: 0,
    DEVEX_APP_URL: 'http://127.0.0.1:1',
    DEVEX_COLLAB_URL: 'http://127.0.0.1:1',
    DEVEX_ORIGINS: 'http://devex.example.org:7070',
    DEVEX_ROUTES: routesFile,
    DEVEX_PREVIEW_HOST: settings.previewHost,
  })
  try {
    preview.answer = (req, res) => void res.end(`preview ${req.url}`)
    const from = 'http://devex.example.org:7070'
    const origin = await exposure.preview({ repl, slug, port: 3000, from, plain: false })
    expect(origin).toBe(`https://${slug}--3000.p.example.org`)

    expect((await ask(`${slug}--3000.p.example.org`, '/', { port: door.port })).body).toBe('preview /')
    expect(preview.seen[0]?.headers).toMatchObject({
      'x-devex-preview-origin': origin,
      'x-forwarded-proto': 'https',
    })
    expect((await ask(`${slug}--3000.localhost:${door.port}`, '/', { port: door.port })).status).toBe(403)
    expect((await ask(`a.${slug}--3000.p.example.org`, '/', { port: door.port })).status).toBe(403)
  } finally {
    await door.close()
  }
})
