// The preview door over its real socket, in front of a real server that tells what it saw.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { WebSocket, WebSocketServer } from 'ws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AppError } from '../../../protocol/errors.ts'
import {
  previewOriginHeader,
  previewPortHeader,
  type PreviewRules,
  type TicketClaims,
} from '../../../protocol/preview.ts'
import { createPreviewDoor } from '../../../runner/doors/preview/door.ts'
import { previewLogin } from '../../../runner/doors/preview/login.ts'
import { ada, aReplId, grace } from '../../support/keys.ts'

const repl = aReplId()
const ours = 'http://localhost:7070'
const label = 'two-sum-abcdef'
let folder: string
let door: Server
let program: Server
let port: number
let answer: RequestListener
let seen: IncomingHttpHeaders
let rules: PreviewRules | null
/** Tickets that the orchestrator has given. */
let tickets: Map<string, TicketClaims>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dvx-pre-'))
  program = createServer((req, res) => {
    seen = req.headers
    answer(req, res)
  }).listen(0, '127.0.0.1')
  const sockets = new WebSocketServer({ server: program })
  sockets.on('connection', (ws) => ws.on('message', (said) => ws.send(`echo ${String(said)}`)))
  await once(program, 'listening')
  port = (program.address() as AddressInfo).port
  door = createPreviewDoor({
    repl,
    origins: [ours, 'http://127.0.0.1:7070'],
    login: previewLogin({ repl, privateKey: 'of this session' }, Date),
    rules: { now: () => Promise.resolve(rules), fresh: () => Promise.resolve(rules) },
    checkTicket: (ticket) => {
      const claims = tickets.get(ticket)
      if (claims === undefined) throw new AppError('bad-token', { say: 'This token is not valid.' })
      return Promise.resolve(claims)
    },
    dial: async (to) => {
      if (to !== port) return null
      const socket = connect(to, '127.0.0.1')
      await once(socket, 'connect')
      return socket.pause()
    },
    logger: pino({ level: 'silent' }),
  }).listen(join(folder, 'p.sock'))
  await once(door, 'listening')
})
afterAll(async () => {
  for (const server of [door, program]) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true })
})
beforeEach(() => {
  rules = { members: { [ada.id]: 'owner', [grace.id]: 'viewer' }, ports: {} }
  tickets = new Map()
  answer = (req, res) => void res.end(`page ${req.url}`)
})

type Asked = {
  path?: string
  method?: string
  headers?: Record<string, string>
  port?: number
  body?: string
}
type Answered = { status: number; headers: IncomingHttpHeaders; body: string }

const origin = (): string => `http://${label}--${port}.localhost:7070`
const way = (to = port): Record<string, string> => ({
  [previewPortHeader]: String(to),
  [previewOriginHeader]: origin().replace(String(port), String(to)),
  host: `${label}--${to}.localhost:7070`,
})

async function ask({
  path = '/',
  method = 'GET',
  headers = {},
  port: to,
  body,
}: Asked = {}): Promise<Answered> {
  const asked = request({
    socketPath: join(folder, 'p.sock'),
    path,
    method,
    headers: { ...way(to), accept: 'text/html', ...headers },
    agent: false,
  })
  asked.end(body)
  const [response] = await once(asked, 'response')
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
}

let given = 0
function ticket(of: Partial<TicketClaims> = {}): string {
  const iat = Math.floor(Date.now() / 1000)
  const name = `ticket-number-${(given += 1)}`
  tickets.set(name, { sub: ada.id, repl, gen: 1, port, jti: name, iat, exp: iat + 60, ...of })
  return name
}

const enter = (of: Partial<TicketClaims> = {}) =>
  ask({ path: `/__devex/enter?ticket=${ticket(of)}&to=%2Fhome` })

/** The Cookie header of a browser that entered. */
async function cookie(of: Partial<TicketClaims> = {}): Promise<string> {
  const { headers } = await enter(of)
  return (headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ')
}

describe('who gets in', () => {
  test('P-2 a ticket gives a cookie of this host alone, by which the program is seen', async () => {
    const entered = await enter()

    const [first = ''] = entered.headers['set-cookie'] ?? []
    expect(first).toMatch(
      /^__Host-devex-preview-\S+; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=None; Partitioned$/,
    )
    expect(first).not.toMatch(/domain/i)
    expect(await ask({ headers: { cookie: first.split(';')[0] ?? '' }, path: '/a?b' })).toMatchObject({
      status: 200,
      body: 'page /a?b',
    })
  })

  test('P-2 a ticket that was used, of another port, unknown, or older than this runner lets nobody in', async () => {
    const once = ticket()
    const path = `/__devex/enter?ticket=${once}`
    expect((await ask({ path })).status).toBe(200)

    const refused = [
      await ask({ path }),
      await enter({ port: port === 3000 ? 3001 : 3000 }),
      await ask({ path: '/__devex/enter?ticket=guessed' }),
      await enter({ iat: Math.floor(Date.now() / 1000) - 30 }),
    ]

    expect(refused.map((one) => one.status)).toEqual([410, 410, 401, 410])
    for (const one of refused) expect(one.headers['set-cookie']).toBeUndefined()
  })

  test('P-2 without a cookie, with an altered one or one of another port nothing of the program is seen', async () => {
    const good = await cookie()
    seen = {}

    expect((await ask()).status).toBe(401)
    expect((await ask({ headers: { cookie: good.replaceAll(/\.[^;]{4}/g, '.AAAA') } })).status).toBe(401)
    expect((await ask({ headers: { cookie: good }, port: port - 1 })).status).toBe(401)
    expect(seen).toEqual({})
  })

  test('P-2 somebody at the address bar is sent to where tickets are given, and comes back to the path', async () => {
    const sent = await ask({ path: '/deep?x=1', headers: { 'sec-fetch-dest': 'document' } })

    expect(sent.status).toBe(303)
    const to = new URL(sent.headers.location ?? '')
    expect(to.origin + to.pathname).toBe(`${ours}/repl/${repl}/preview`)
    expect(Object.fromEntries(to.searchParams)).toEqual({ port: String(port), to: '/deep?x=1' })
  })

  test('P-2 after the ticket a browser goes on to a path of this origin alone, and is told when it kept no cookie', async () => {
    for (const to of [
      '//evil.example/',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      '\t//evil.example',
      '/\n/evil.example',
      ' //evil.example',
      '/\u2028/evil.example',
      'https://evil.example',
      'https:evil.example',
      'javascript:alert(1)',
      'evil.example',
      '',
      '/__devex/enter?ticket=x',
    ])
      expect(
        (
          await ask({
            path: `/__devex/entered?to=${encodeURIComponent(to)}`,
            headers: { cookie: await cookie() },
          })
        ).body,
      ).toContain('location.replace("/")')
    // What only looks like another host to somebody who decodes twice stays a path of this one.
    for (const to of ['/%2f%2fevil.example', '/%5cevil.example', '/.//evil.example', '/..//evil.example']) {
      const { body } = await ask({
        path: `/__devex/entered?to=${encodeURIComponent(to)}`,
        headers: { cookie: await cookie() },
      })
      const next = JSON.parse(/location\.replace\((".*?")\)/.exec(body)?.[1] ?? '""') as string
      expect(next).toBe(to)
      expect(new URL(next, origin()).origin).toBe(new URL(origin()).origin)
    }
    expect((await ask({ path: '/__devex/entered?to=%2F' })).body).toContain('in a tab only')
    // Without a cookie the link leads to our own app, whatever was asked for.
    const asked = await ask({ path: '/__devex/entered?to=%2F%2Fevil.example' })
    expect(asked.body).toContain(`href="${ours}/repl/${repl}/preview?port=${port}&#38;to=%2F"`)
    const script = await ask({
      path: `/__devex/entered?to=${encodeURIComponent('/</script><script>alert(1)')}`,
      headers: { cookie: await cookie() },
    })
    expect(script.body).not.toContain('</script><script>alert')
  })

  test('A-9 P-2 a ticket of before its person’s removal, or of before a port was closed to them, sets no cookie', async () => {
    const tickets = [ticket({ sub: grace.id }), ticket({ sub: grace.id }), ticket({ sub: grace.id })]
    const use = (at: number) => ask({ path: `/__devex/enter?ticket=${tickets[at]}&to=%2F` })

    rules = { members: { [ada.id]: 'owner' }, ports: {} }
    const removed = await use(0)
    rules = { members: { [ada.id]: 'owner', [grace.id]: 'viewer' }, ports: { [port]: 'owner' } }
    const shut = await use(1)
    rules = null
    const unknown = await use(2)

    expect([removed.status, shut.status, unknown.status]).toEqual([403, 403, 503])
    for (const one of [removed, shut, unknown]) expect(one.headers['set-cookie']).toBeUndefined()
    expect(removed.body).toContain('not open to you any more')
  })

  test('P-3 the owner’s choice holds for the very next request, for members and strangers', async () => {
    const viewer = { headers: { cookie: await cookie({ sub: grace.id }) } }
    expect((await ask(viewer)).status).toBe(200)

    rules = { members: rules?.members ?? {}, ports: { [port]: 'owner' } }
    expect((await ask(viewer)).status).toBe(401)
    rules = { ...rules, ports: { [port]: 'public' } }
    expect((await ask()).status).toBe(200)
    rules = { ...rules, ports: {} }
    expect((await ask()).status).toBe(401)
  })

  test('P-3 a browser’s question before a call from another port is nobody’s: the program answers it at a public port alone', async () => {
    const page = { headers: { cookie: await cookie(), origin: origin().replace(String(port), '5173') } }
    const { cookie: _, ...bare } = { ...page.headers, 'access-control-request-method': 'POST' }
    const asked: string[] = []
    answer = (req, res) => {
      asked.push(req.method ?? '')
      res
        .setHeader('access-control-allow-origin', req.headers.origin ?? '')
        .writeHead(204)
        .end()
    }
    const before = () => ask({ method: 'OPTIONS', headers: bare })

    const shut = await before()
    expect([shut.status, shut.headers['access-control-allow-origin'], asked]).toEqual([401, undefined, []])
    // The call itself, of a kind for which no browser asks, passes.
    expect((await ask(page)).status).toBe(204)
    rules = { members: rules?.members ?? {}, ports: { [port]: 'public' } }
    const open = await before()
    expect([open.status, open.headers['access-control-allow-origin']]).toEqual([204, bare.origin])
  })

  test('P-3 somebody who was removed sees nothing more, and nobody does while the rules are unknown', async () => {
    const viewer = { headers: { cookie: await cookie({ sub: grace.id }) } }
    rules = { members: { [ada.id]: 'owner' }, ports: {} }
    expect((await ask(viewer)).status).toBe(401)

    rules = null
    expect((await ask({ headers: { cookie: await cookie() } })).status).toBe(503)
  })
})

test('A-9 P-3 a websocket and an event stream of somebody who was removed end while they are open', async () => {
  const pair = await cookie({ sub: grace.id })
  const ws = new WebSocket(`ws+unix://${join(folder, 'p.sock')}:/socket`, {
    headers: { ...way(), cookie: pair, origin: origin() },
  })
  await once(ws, 'open')
  answer = (_req, res) => void res.writeHead(200).write('begun')
  const asked = request({
    socketPath: join(folder, 'p.sock'),
    headers: { ...way(), cookie: pair },
    agent: false,
  })
  asked.on('error', () => undefined)
  asked.end()
  const [response] = await once(asked, 'response')
  response.on('error', () => undefined).resume()

  rules = { members: { [ada.id]: 'owner' }, ports: {} }

  await Promise.all([once(ws, 'close'), new Promise((ended) => response.once('close', ended))])
})

describe('P-5 another site’s page', () => {
  test.each([
    ['a fetch', { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' }],
    ['a frame', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }],
    ['a page of another preview', { origin: 'http://other-repl-234567--3000.localhost:7070' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['our own app', { origin: ours, 'sec-fetch-site': 'cross-site' }],
  ])('P-5 %s with the person’s cookie counts as nobody’s', async (_what, headers) => {
    seen = {}
    expect((await ask({ headers: { cookie: await cookie(), ...headers } })).status).toBe(401)
    expect(seen).toEqual({})
  })

  test('P-5 a form of another site that is sent from a tab counts as nobody’s, a link does not', async () => {
    const tab = { cookie: await cookie(), 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }

    expect((await ask({ headers: tab })).status).toBe(200)
    expect((await ask({ headers: tab, method: 'POST', body: 'a=b' })).status).toBe(401)
  })

  test('P-5 a websocket from another site is refused, from this preview or another port of the repl it opens', async () => {
    const open = async (from: string): Promise<string> => {
      const ws = new WebSocket(`ws+unix://${join(folder, 'p.sock')}:/socket`, {
        headers: { ...way(), cookie: await cookie(), origin: from },
      })
      const outcome = await new Promise<string>((done) => {
        ws.on('open', () => ws.send('hello'))
        ws.on('message', (said) => done(String(said)))
        ws.on('unexpected-response', (_asked, response) => done(String(response.statusCode)))
        ws.on('error', () => undefined)
      })
      ws.terminate()
      return outcome
    }

    expect(await open('http://evil.example')).toBe('401')
    expect(await open(`http://${label.replace('a', 'b')}--${port}.localhost:7070`)).toBe('401')
    expect(await open(origin())).toBe('echo hello')
    expect(await open(origin().replace(String(port), '5173'))).toBe('echo hello')
  })
})

describe('what passes', () => {
  test('P-6 a program sees requests to its own localhost, and no header of ours', async () => {
    await ask({
      method: 'POST',
      body: 'x',
      headers: {
        cookie: `a=1; ${await cookie()}; b=2`,
        origin: origin(),
        referer: `${origin()}/from`,
        'x-own': 'kept',
        'x-forwarded-host': new URL(origin()).host,
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '192.168.1.7',
      },
    })

    expect(seen).toMatchObject({
      host: `localhost:${port}`,
      origin: `http://localhost:${port}`,
      referer: `http://localhost:${port}/from`,
      cookie: 'a=1; b=2',
      'x-own': 'kept',
      'x-forwarded-for': '192.168.1.7',
    })
    // It would take its own localhost, which the browser is said to be at, for another host's.
    expect(seen).not.toHaveProperty('x-forwarded-host')
    expect(seen).not.toHaveProperty('x-forwarded-proto')
    expect(Object.keys(seen).filter((name) => name.startsWith('x-devex'))).toEqual([])
  })

  test('P-6 a page at another port of the repl is one at that port of localhost, to its program and back', async () => {
    const other = origin().replace(String(port), '5173')
    answer = (req, res) =>
      void res.setHeader('access-control-allow-origin', req.headers.origin ?? '').end('api')
    const cookies = await cookie()
    const pageOf = (from: string) => ({ headers: { cookie: cookies, origin: from, referer: `${from}/x?y` } })

    const answered = await ask(pageOf(other))

    expect(seen).toMatchObject({ origin: 'http://localhost:5173', referer: 'http://localhost:5173/x?y' })
    expect(answered.headers['access-control-allow-origin']).toBe(other)
    // At a port that is public strangers reach the program as who they are.
    rules = { members: {}, ports: { [port]: 'public' } }
    for (const stranger of [
      'http://evil.example',
      other.replace('two-sum', 'tow-sum'),
      `${other}.evil.example`,
    ]) {
      await ask(pageOf(stranger))
      expect(seen).toMatchObject({ origin: stranger, referer: `${stranger}/x?y` })
    }
  })

  test.each([
    [() => `http://localhost:${port}/next?a#b`, () => `${origin()}/next?a#b`],
    [() => `http://127.0.0.1:${port}`, () => origin()],
    [() => `//0.0.0.0:${port}/x`, () => `${origin()}/x`],
    [() => 'http://localhost:9999/api', () => `http://${label}--9999.localhost:7070/api`],
    [() => '/absolute', () => '/absolute'],
    [() => 'https://elsewhere.example/', () => 'https://elsewhere.example/'],
  ])('P-6 a redirect leads where a browser can follow', async (told, wanted) => {
    answer = (_req, res) => void res.writeHead(302, { location: told() }).end()

    expect((await ask({ headers: { cookie: await cookie() } })).headers.location).toBe(wanted())
  })

  test('P-4 P-6 a program’s cookie is its own host’s and comes back in the pane; one named as ours is dropped', async () => {
    answer = (_req, res) =>
      void res
        .setHeader('set-cookie', [
          'sid=1; Domain=localhost; Path=/; SameSite=Lax',
          'devex=stolen; Path=/',
          '__Host-devex-preview-x=2; Secure',
        ])
        .end()

    const { headers } = await ask({ headers: { cookie: await cookie() } })

    expect(headers['set-cookie']).toEqual(['sid=1; Path=/; Secure; SameSite=None; Partitioned'])
  })

  test('P-6 only our pages may frame a preview, whatever the program says of frames', async () => {
    answer = (_req, res) =>
      void res
        .writeHead(200, {
          'x-frame-options': 'DENY',
          'strict-transport-security': 'max-age=1',
          'clear-site-data': '"cookies"',
          'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
        })
        .end()

    const { headers } = await ask({ headers: { cookie: await cookie() } })

    expect(headers['content-security-policy']).toBe(
      `default-src 'self', frame-ancestors 'self' ${ours} http://127.0.0.1:7070`,
    )
    expect(headers['x-frame-options']).toBeUndefined()
    expect(headers['strict-transport-security']).toBeUndefined()
    expect(headers['clear-site-data']).toBeUndefined()
  })

  test('P-6 server-sent events come one by one, and the program hears when the browser goes', async () => {
    let gone: () => void = () => undefined
    const left = new Promise<void>((done) => (gone = done))
    answer = (_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: one\n\n')
      res.on('close', gone)
    }
    const asked = request({
      socketPath: join(folder, 'p.sock'),
      headers: { ...way(), cookie: await cookie() },
      agent: false,
    })
    asked.on('error', () => undefined)
    asked.end()
    const [response] = await once(asked, 'response')
    const [first] = await once(response, 'data')
    asked.destroy()

    expect(String(first)).toBe('data: one\n\n')
    await left
  })

  test.each([{ 'transfer-encoding': 'chunked' }, { 'content-length': '33', connection: 'content-length' }])(
    'P-4 P-6 the body of a GET stays one: nothing in it becomes a request of its own',
    async (framing) => {
      const hidden = 'GET /hidden HTTP/1.1\r\nhost: x\r\n\r\n'
      const paths: (string | undefined)[] = []
      answer = (req, res) => {
        paths.push(req.url)
        void text(req).then((body) => res.end(body))
      }
      const answered = await ask({ body: hidden, headers: { cookie: await cookie(), ...framing } })

      expect(answered.body).toBe(hidden)
      expect(paths).toEqual(['/'])
    },
  )

  test('P-6 a megabyte goes up and comes back as it was', async () => {
    const bytes = 'b'.repeat(1024 * 1024)
    answer = (req, res) => void req.pipe(res)

    expect((await ask({ method: 'POST', body: bytes, headers: { cookie: await cookie() } })).body).toBe(bytes)
  })
})

describe('what is said', () => {
  test('P-9 nothing listens: in words, and the page looks again by itself', async () => {
    const free = port === 65535 ? port - 1 : port + 1
    const shown = await ask({ port: free, headers: { cookie: await cookie({ port: free }) } })
    // The cookie is of the other port: entered there.
    const entered = await ask({ port: free, path: `/__devex/enter?ticket=${ticket({ port: free })}` })
    const pair = (entered.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? ''

    expect(shown.status).toBe(401)
    const page = await ask({ port: free, headers: { cookie: pair } })
    expect(page.status).toBe(502)
    expect(page.body).toContain(`Nothing listens on ${free}`)
    expect(page.body).toContain('http-equiv="refresh"')
  })

  test('P-9 a program that hangs up without an answer is said so', async () => {
    answer = (req) => void req.socket.destroy()

    const page = await ask({ headers: { cookie: await cookie() } })

    expect(page.status).toBe(502)
    expect(page.body).toContain('closed the connection')
  })

  test('P-4 a request that did not come by our way in finds nothing', async () => {
    const page = await ask({ headers: { [previewPortHeader]: '', cookie: await cookie() } })

    expect(page.status).toBe(404)
  })
})
