// The app's server as browsers and strangers meet it: who may change what, what a link uses up, what headers say.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../protocol/errors.ts'
import { ApiFailure } from '../../../protocol/repl.ts'
import type { Person, Repl } from '../../../protocol/repl.ts'
import { eventually } from '../../support/eventually.ts'
import { cookieOf, signIn, startTestApp, type TestApp } from '../../support/app.ts'

let app: TestApp
let ada: Person
let cookie: string
let repl: Repl

beforeAll(async () => {
  app = await startTestApp()
  ada = app.api.newPerson('Ada', true)
  cookie = await signIn(app, app.api.newLink(ada))
  repl = app.api.newRepl(ada, 'two-sum', { template: 'python' })
}, 300_000)
afterAll(() => app.close())
beforeEach(() => void (app.api.asked.length = 0))

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(app.url + path, { redirect: 'manual', headers: { cookie, ...headers } })

const post = (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  fetch(app.url + path, {
    method: 'POST',
    redirect: 'manual',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { cookie, origin: app.url, 'content-type': 'application/json', ...headers },
  })

const codeOf = async (response: Response) => ApiFailure.parse(await response.json()).error.code
const changes = () => app.api.asked.filter((line) => !line.startsWith('GET '))

const everyChange = [
  '/',
  '/repls',
  '/theme',
  '/sign-out',
  '/templates',
  `/welcome/${'a'.repeat(32)}`,
  `/invite/${'a'.repeat(32)}`,
  ...['start', 'stop', 'rename', 'delete', 'doors', 'invites', 'preview', 'preview-visibility'].map(
    (change) => `/repl/REPL/${change}`,
  ),
]

test.each(everyChange)('A-3 a change from a foreign Origin is refused: POST %s', async (path) => {
  const to = path.replace('REPL', repl.id)
  for (const origin of [
    'http://evil.example',
    'null',
    `${app.url}.evil.example`,
    app.url.replace('127.0.0.1', 'localhost'),
    '',
  ]) {
    const response = await post(to, {}, { origin })
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('foreign-origin')
  }
  expect(changes()).toEqual([])
})

test('A-3 a change without any Origin is refused, also as the data request of a page', async () => {
  for (const path of [`/repl/${repl.id}/stop`, `/repl/${repl.id}/stop.data`, '/welcome/x.data?index']) {
    const response = await fetch(app.url + path, { method: 'POST', headers: { cookie } })
    expect([response.status, await codeOf(response)]).toEqual([403, 'foreign-origin'])
  }
  expect(changes()).toEqual([])
})

test('A-3 our own page may change, also behind a proxy that rewrites Host', async () => {
  const { request } = await import('node:http')
  const status = await new Promise((resolve, reject) => {
    const asking = request(
      `${app.url}/repl/${repl.id}/start`,
      {
        method: 'POST',
        headers: { cookie, origin: app.url, host: 'app.internal:9', 'content-length': 0 },
      },
      (answer) => resolve(answer.resume().statusCode),
    )
    asking.on('error', reject).end()
  })
  expect(status).toBe(200)
  expect(app.api.repl(repl.id).desired).toBe('running')
})

test('A-4 looking at the owner link shows a button and uses nothing up; pressing it signs in, once', async () => {
  const link = `/welcome/${app.api.newLink(ada)}`
  for (let look = 0; look < 3; look++) {
    const page = await get(link, { cookie: '' })
    expect(page.status).toBe(200)
    expect(page.headers.get('set-cookie')).toBeNull()
    expect(await page.text()).toContain('Sign in as owner')
  }
  await fetch(app.url + link, { method: 'HEAD' })
  expect(changes()).toEqual([])

  const pressed = await post(link, '', { cookie: '' })
  expect([pressed.status, pressed.headers.get('location')]).toEqual([302, '/'])
  const dashboard = await get('/', { cookie: cookieOf(pressed) })
  expect(await dashboard.text()).toContain('two-sum')

  const again = await post(link, '', { cookie: '' })
  expect(again.status).toBe(410)
  expect(again.headers.get('set-cookie')).toBeNull()
  const words = await again.text()
  expect(words).toContain('This link does not work')
  expect(words).toContain('npm run login')
})

test('A-4 an unknown link and a link without its end sign nobody in', async () => {
  for (const code of ['a'.repeat(32), 'abc', '..%2f..']) {
    const response = await post(`/welcome/${code}`, '', { cookie: '' })
    expect(response.status).toBe(404)
    expect(response.headers.get('set-cookie')).toBeNull()
  }
})

test('A-5 an invite says who invites to what and as what; a guest gives a name and is in, with that role and no more', async () => {
  const { code } = app.api.newInvite(repl, 'viewer')
  const shown = await (await get(`/invite/${code}`, { cookie: '' })).text()
  expect(shown).toContain('Ada invites you to two-sum')
  expect(shown).toContain('viewer')
  expect(shown).toContain('Your name')

  const form = { cookie: '', 'content-type': 'application/x-www-form-urlencoded' }
  const nameless = await post(`/invite/${code}`, 'name=', form)
  expect([nameless.status, nameless.headers.get('set-cookie')]).toEqual([400, null])
  expect(await nameless.text()).toContain('Give a name.')

  const joined = await post(`/invite/${code}`, 'name=Grace', form)
  expect(joined.headers.get('location')).toBe(`/repl/${repl.id}`)
  const grace = cookieOf(joined)
  const started = await post(`/repl/${repl.id}/start`, {}, { cookie: grace })
  expect([started.status, await codeOf(started)]).toEqual([403, 'forbidden'])
  const stranger = await get(`/repl/${app.api.newRepl(ada, 'secret').id}`, { cookie: grace })
  expect(stranger.status).toBe(404)
})

test('A-5 somebody who is signed in just joins, and stays who they are', async () => {
  const theirs = app.api.newRepl(app.api.newPerson('Grace'), 'graces')
  const { code } = app.api.newInvite(theirs, 'editor')
  const page = await (await get(`/invite/${code}`)).text()
  expect(page).toContain('Join as Ada')
  expect(page).not.toContain('Your name')

  const joined = await post(`/invite/${code}`, '', { 'content-type': 'application/x-www-form-urlencoded' })
  expect([joined.status, joined.headers.get('set-cookie')]).toEqual([302, null])
  expect((await get(`/repl/${theirs.id}`)).status).toBe(200)
})

test('A-5 a guest who is called as somebody there is asked for another name, and joins by it as who they are', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const first = app.api.newInvite(app.api.newRepl(ada, 'first'), 'viewer')
  const ida = cookieOf(await post(`/invite/${first.code}`, 'name=Ida', { ...form, cookie: '' }))
  const other = app.api.newRepl(ada, 'other')
  const { code } = app.api.newInvite(other, 'viewer')
  await post(`/invite/${code}`, 'name=Ida', { ...form, cookie: '' })

  const refused = await post(`/invite/${code}`, '', { ...form, cookie: ida })
  const asked = await refused.text()
  expect(refused.status).toBe(400)
  expect(asked).toContain('Somebody is called Ida already')
  expect(asked).toContain('Your name, here and in your other REPLs')

  const joined = await post(`/invite/${code}`, 'name=Ida+Rhodes', { ...form, cookie: ida })
  expect([joined.status, joined.headers.get('set-cookie')]).toEqual([302, null])
  expect((await get(`/repl/${other.id}`, { cookie: ida })).status).toBe(200)
})

test('without a sign-in nothing is told and nothing changes', async () => {
  const nobody = { cookie: 'devex=forged' }
  expect(await (await get('/', nobody)).text()).toContain('link from the terminal')
  expect((await get(`/repl/${repl.id}`, nobody)).status).toBe(401)
  for (const change of ['start', 'stop', 'delete', 'doors', 'invites', 'rename']) {
    const response = await post(`/repl/${repl.id}/${change}`, {}, nobody)
    expect([response.status, await codeOf(response)]).toEqual([401, 'not-signed-in'])
  }
  expect((await get(`/repl/${repl.id}/progress`, nobody)).status).toBe(401)
  expect(app.api.asked.filter((line) => !line.includes('/people/'))).toEqual([])
})

test('bad input is refused in words and nothing changes', async () => {
  const bad = [
    ['/repls', { name: '', template: 'python' }],
    ['/repls', { name: '<script>', template: 'python' }],
    ['/repls', { name: 'x', template: '../etc' }],
    ['/repls', 'no json'],
    ['/repls', '[]'],
    [`/repl/${repl.id}/rename`, { name: 'a'.repeat(61) }],
    [`/repl/${repl.id}/invites`, { role: 'owner' }],
    ['/theme', { theme: 'pink' }],
  ] as const
  for (const [path, body] of bad) {
    const response = await post(path, body)
    expect([path, response.status, await codeOf(response)]).toEqual([path, 400, 'bad-input'])
  }
  const large = await post('/repls', { name: 'x'.repeat(70_000), template: 'python' })
  expect([large.status, await codeOf(large)]).toEqual([413, 'too-large'])
  expect(
    (
      await fetch(`${app.url}/repl/${repl.id}/stop`, {
        method: 'DELETE',
        headers: { cookie, origin: app.url },
      })
    ).status,
  ).toBe(405)
  expect(changes()).toEqual([])
})

test('doors and invites are answered as the API gave them', async () => {
  app.api.change(repl.id, { phase: 'RUNNING', desired: 'running', level: 'process' })
  const { doors } = await (await post(`/repl/${repl.id}/doors`)).json()
  expect(doors).toMatchObject({ repl: repl.id, role: 'owner', person: ada })
  const { invite, url } = await (await post(`/repl/${repl.id}/invites`, { role: 'editor' })).json()
  expect(url).toBe(`${app.url}/invite/${invite.code}`)
  app.api.change(repl.id, { phase: 'STOPPED', desired: 'stopped', level: null })
  expect(await codeOf(await post(`/repl/${repl.id}/doors`))).toBe('not-running')
})

/** As a browser from the address that runners know, up to where it leaves us or is told no. */
async function visit(search: string, headers: Record<string, string> = {}): Promise<Response> {
  const sent = await get(`/repl/${repl.id}/preview${search}`, { accept: 'text/html', ...headers })
  const to = new URL(sent.headers.get('location') ?? '', app.url)
  expect(to.origin).toBe(app.url)
  return get(to.pathname + to.search, { accept: 'text/html', ...headers })
}

test('P-2 who comes to where tickets are given is sent on to the preview with one, and opens nothing new by that', async () => {
  const sent = await visit(`?port=3000&to=%2Fdeep%3Fx%3D1&plain=true&mayOpen=true`)

  expect(sent.status).toBe(302)
  expect(sent.headers.get('cache-control')).toBe('no-store')
  const to = new URL(sent.headers.get('location') ?? '')
  expect(to.origin + to.pathname).toBe('http://two-sum-abcdef--3000.localhost:7070/__devex/enter')
  expect(JSON.parse(to.searchParams.get('wish') ?? '')).toEqual({
    port: 3000,
    to: '/deep?x=1',
    from: app.url,
    plain: false,
    mayOpen: false,
  })
})

test('P-2 no address to begin at leads away from the preview, and nobody but a member is sent anywhere', async () => {
  for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)']) {
    const sent = await visit(`?port=3000&to=${encodeURIComponent(to)}`)
    expect(new URL(sent.headers.get('location') ?? '').origin).toBe(
      'http://two-sum-abcdef--3000.localhost:7070',
    )
  }
  app.api.asked.length = 0
  const stranger = await visit(`?port=3000`, { cookie: '' })
  expect(stranger.status).toBe(401)
  expect(await stranger.text()).toContain('Sign in first')
  expect(stranger.headers.get('location')).toBeNull()
  for (const port of ['', '0', '70000', 'x', '3000&port=1e9'])
    expect((await visit(`?port=${port}`)).status).toBe(400)
  expect((await visit(`?port=3000&to=${'x'.repeat(2001)}`)).status).toBe(400)
  expect(changes()).toEqual([])
  const grace = await signIn(app, app.api.newLink(app.api.newPerson('Grace')))
  const refused = await visit(`?port=3000`, { cookie: grace })
  expect(refused.status).toBe(404)
  expect(await refused.text()).toContain('not shared with you')
})

test('R-5 progress resumes after the last event a page saw', async () => {
  app.api.step(repl.id, 'reserve', 'begun', 'Reserving a place')
  app.api.step(repl.id, 'reserve', 'done', 'Reserved a place')
  const read = async (path: string, headers: Record<string, string>): Promise<string> => {
    const leaving = new AbortController()
    const response = await fetch(app.url + path, { headers: { cookie, ...headers }, signal: leaving.signal })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    let text = ''
    const decoder = new TextDecoder()
    for await (const piece of response.body!) {
      text += decoder.decode(piece, { stream: true })
      if (text.includes('Reserved a place')) break
    }
    leaving.abort()
    return text
  }
  const path = `/repl/${repl.id}/progress`
  expect(await read(path, {})).toMatch(/Reserving[\s\S]*Reserved/)
  expect(await read(path, { 'last-event-id': '1' })).not.toContain('Reserving')
  expect(await read(`${path}?after=1`, {})).not.toContain('Reserving')
})

test('a page whose API is gone says so, with an id for the log, and the server stays up', async () => {
  app.api.failWith(new AppError('unavailable', { say: 'The orchestrator is down.' }))
  const page = await get('/')
  const text = await page.text()
  app.api.failWith(null)
  expect(page.status).toBe(503)
  expect(text).toContain('The orchestrator is down.')
  expect(text).toMatch(/Report it with the id/)
  expect((await get('/')).status).toBe(200)
})

test('headers: a policy with a fresh nonce that every script carries, no caching, no frame', async () => {
  const first = await get('/')
  const policy = first.headers.get('content-security-policy')!
  const nonce = /'nonce-([^']+)'/.exec(policy)![1]!
  const html = await first.text()
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain(`connect-src 'self' ${app.url} ${app.url.replace('http', 'ws')};`)
  expect(policy).not.toContain('unsafe-eval')
  for (const [tag] of html.matchAll(/<script[^>]*>/g)) expect(tag).toContain(`nonce="${nonce}"`)
  expect((await get('/')).headers.get('content-security-policy')).not.toBe(policy)
  expect(first.headers.get('cache-control')).toBe('no-store')
  expect(first.headers.get('x-content-type-options')).toBe('nosniff')
  expect(first.headers.get('x-frame-options')).toBe('DENY')
})

test('assets come compressed and stay for ever; nothing else of the build is served', async () => {
  const html = await (await get('/')).text()
  const script = /\/assets\/root-[\w-]+\.js/.exec(html)![0]
  for (const coding of ['br', 'gzip']) {
    const asset = await get(script, { 'accept-encoding': coding })
    expect(asset.headers.get('content-encoding')).toBe(coding)
    expect(asset.headers.get('cache-control')).toContain('immutable')
    expect(asset.headers.get('content-type')).toContain('javascript')
    expect(asset.headers.get('vary')).toMatch(/accept-encoding/i)
  }
  const plain = await get(script, { 'accept-encoding': 'identity' })
  expect(plain.headers.get('content-encoding')).toBeNull()
  for (const path of [
    '/assets/',
    '/assets/none.js',
    '/assets/..%2f..%2fserver%2findex.js',
    '/.vite/manifest.json',
  ]) {
    expect((await get(path)).status).toBe(404)
  }
})

test('the theme is kept by the server and worn by the first byte', async () => {
  expect(await (await get('/')).text()).toContain('data-theme="system"')
  const kept = await post('/theme', { theme: 'dark' })
  expect(kept.headers.get('set-cookie')).toMatch(/^devex-theme=dark; .*HttpOnly; SameSite=Lax/)
  expect(await (await get('/', { cookie: cookieOf(kept) })).text()).toContain('data-theme="dark"')
  expect(await (await get('/', { cookie: 'devex-theme="><script>' })).text()).toContain('data-theme="system"')
})

test('health is told to anybody, an address of nobody is a page in our words, sign-out forgets', async () => {
  expect(await (await fetch(`${app.url}/healthz`)).json()).toEqual({ ok: true, build: 'test' })
  const missing = await get('/nothing/here')
  expect(missing.status).toBe(404)
  expect(await missing.text()).toContain('There is nothing at this address.')
  const out = await post('/sign-out', '')
  expect(out.headers.get('location')).toBe('/')
  expect(out.headers.get('set-cookie')).toMatch(/^devex=; Path=\/; Max-Age=0/)
})

test('who runs the server is offered a new REPL; a guest is told how they get one', async () => {
  const guest = await signIn(app, app.api.newLink(app.api.newPerson('Grace')))
  expect(await (await get('/')).text()).toContain('New REPL')
  const seen = await (await get('/', { cookie: guest })).text()
  expect(seen).toContain('The owner makes REPLs and invites you')
  expect(seen).not.toContain('New REPL')
})

test('F-11 a zip comes no faster than it is read, and ends with its reader', async () => {
  const { zip } = app.api
  const reader = new AbortController()
  const answer = await fetch(`${app.url}/repl/${repl.id}/zip`, { headers: { cookie }, signal: reader.signal })
  expect(answer.status).toBe(200)

  // Nobody reads: what lies on the way is what the sockets between hold.
  let before = -1
  await eventually(async () => {
    const isStill = zip.given === before
    before = zip.given
    await new Promise((resolve) => setTimeout(resolve, 300))
    return isStill
  }, 30_000)
  expect([answer.bodyUsed, zip.readers, zip.given < 64 * 1024 * 1024]).toEqual([false, 1, true])
  reader.abort()
  await eventually(() => zip.readers === 0)
})

test('F-11 a download that is refused is a page with the reason in a browser, and JSON for anything else', async () => {
  app.api.failWith(new AppError('not-running', { say: 'The <b>session</b> is over.' }))
  const asked = await get(`/repl/${repl.id}/zip`)
  const refused = await get(`/repl/${repl.id}/zip`, { accept: 'text/html,*/*' })
  app.api.failWith(null)

  expect(asked.status).toBe(409)
  expect(await codeOf(asked)).toBe('not-running')
  expect(refused.status).toBe(302)
  const to = refused.headers.get('location') ?? ''
  expect(to.startsWith(`/repl/${repl.id}/no-file?told=`)).toBe(true)
  const page = await get(to, { accept: 'text/html' })
  expect(page.status).toBe(409)
  const text = await page.text()
  expect(text).toContain('This cannot be downloaded now')
  expect(text).toContain('The &lt;b&gt;session&lt;/b&gt; is over.')

  // Nobody puts words of their own there.
  const forged = await get(`/repl/${repl.id}/no-file?told=abc`)
  expect(forged.status).toBe(404)
  expect(await forged.text()).not.toContain('cannot be downloaded')
})
