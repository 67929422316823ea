// Previews at hosts of their own below a wildcard name, over TLS, in a real browser: the cookie of the pane, a tab, and what other
// sites and sibling hosts get. The certificate is made for the test and signed by nobody; the browser is told to take it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, expect, test } from 'vitest'
import { noBrowser } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { giveTo } from '../support/packages.ts'
import { freePort, startProduct } from '../support/product.ts'
import { seenProduct } from '../support/seen-product.ts'
import { noCertificate, startTlsFront } from '../support/tls-front.ts'
import type { TlsFront } from '../support/tls-front.ts'
import * as screen from './screen.ts'

const lacking = noBrowser ?? noCertificate
if (lacking !== null) console.warn(`previews at a wildcard name are left out: ${lacking}`)

let front: TlsFront
const here = seenProduct({
  lacking,
  start: async () => {
    front = await startTlsFront('*.p.devex.test', () => Number(new URL(here.product.url).port))
    return startProduct({ args: ['--preview-host', `https://*.p.devex.test:${front.port}`] })
  },
  browserArgs: [
    '--host-resolver-rules=MAP *.p.devex.test 127.0.0.1',
    '--ignore-certificate-errors',
    // A stranger's page may ask this machine here: it is DevEx that has to refuse.
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests',
  ],
  repl: { template: 'Node.js', name: 'two-sum' },
})
afterAll(() => front?.close())

/** Sets a cookie and sends on to an absolute address of its own, then tells what it saw; `/log`: every path that was asked. */
const program = (port: number): string => `const log = []
require('http').createServer((req, res) => {
  log.push(req.url)
  res.setHeader('content-type', 'text/html')
  if (req.url === '/log') return res.end(JSON.stringify(log))
  if (req.url === '/') return res.writeHead(302, {
    'set-cookie': 'sid=hers; Path=/; HttpOnly; SameSite=Lax', location: 'http://localhost:${port}/in',
  }).end()
  res.end('<h1>' + req.headers.host + ' ' + (req.headers.cookie ?? 'no cookie') + '</h1>')
}).on('upgrade', (req, socket) => { log.push('upgrade ' + req.url); socket.destroy() }).listen(${port})
`

/** Runs in a stranger's page: what it gets of the preview at `prey`. */
async function attack(prey: string): Promise<Record<string, string>> {
  const outcome = (what: Promise<string>): Promise<string> => what.catch((fault: Error) => fault.name)
  const loads = (url: string): Promise<string> =>
    new Promise((done) => {
      const script = document.createElement('script')
      script.addEventListener('load', () => done('loaded'))
      script.addEventListener('error', () => done('refused'))
      script.src = url
      document.head.append(script)
    })
  const opens = (url: string): Promise<string> =>
    new Promise((done) => {
      const socket = new WebSocket(url)
      socket.addEventListener('open', () => done('open'))
      socket.addEventListener('error', () => done('refused'))
    })
  const framed = document.createElement('iframe')
  framed.src = `${prey}/stolen-frame`
  document.body.append(framed)
  await new Promise((done) => framed.addEventListener('load', done))
  const text = (init: RequestInit): Promise<string> =>
    fetch(`${prey}/stolen-fetch`, { credentials: 'include', ...init }).then((answer) => answer.text())
  return {
    read: await outcome(text({})),
    blind: await outcome(text({ mode: 'no-cors', method: 'POST', body: 'x' })),
    script: await loads(`${prey}/stolen-script`),
    socket: await opens(`${prey.replace('https', 'wss')}/stolen-socket`),
    cookies: document.cookie,
  }
}

async function strangersPage(origin: string): Promise<Page> {
  const page = await here.ada.context.newPage()
  await page.route(`${origin}/`, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<h1>stranger</h1>' }),
  )
  await page.goto(`${origin}/`)
  return page
}

test.skipIf(lacking !== null)(
  'P-2 P-4 P-5 P-6 P-8 below a wildcard name: the pane by a partitioned cookie, a tab by a ticket, and nothing for strangers and siblings',
  async () => {
    const { page, context, faults } = here.ada
    const port = await freePort()
    const place = join(here.product.data, 'sandboxes', here.repl, 'work', 'workspace')
    writeFileSync(join(place, 'server.cjs'), program(port))
    giveTo(place)
    await screen.openTerminal(page)
    await screen.typeInTerminal(page, 'node server.cjs')
    await page.getByTestId('ports').click({ timeout: 20_000 })

    const pane = page.getByTestId('preview')
    const heading = pane.frameLocator('iframe').locator('h1')
    await eventually(async () => (await heading.textContent()) === `localhost:${port} sid=hers`, 30_000)
    const { origin } = new URL((await pane.locator('iframe').getAttribute('src')) ?? '')
    expect(origin).toMatch(
      new RegExp(`^https://two-sum-[a-z2-7]{6}--${port}\\.p\\.devex\\.test:${front.port}$`),
    )
    // The pane's page is one of another site: what comes back there is partitioned, to our own page as the top.
    const kept = await context.cookies(origin)
    const partitioned = kept.filter(({ partitionKey }) => partitionKey !== undefined)
    expect(partitioned.map(({ name }) => name.replace(/preview-.*/, 'preview')).sort()).toEqual([
      '__Host-devex-preview',
      'sid',
    ])
    for (const cookie of partitioned)
      expect(cookie).toMatchObject({
        httpOnly: true,
        secure: true,
        sameSite: 'None',
        partitionKey: 'http://localhost',
      })

    const tab = await context.newPage()
    await tab.goto(`${origin}/in?deep`)
    await eventually(
      async () => (await tab.locator('h1').textContent()) === `localhost:${port} no cookie`,
      30_000,
    )
    expect(tab.url()).toBe(`${origin}/in?deep`)

    // The tab's cookie would travel with what a sibling of the same site sends: who sends it is what counts.
    for (const stranger of ['https://evil.test', `https://other-abcdef--80.p.devex.test:${front.port}`]) {
      const theirs = await strangersPage(stranger)
      const answered: string[] = []
      theirs.on('response', (answer) => {
        if (answer.url().startsWith(origin))
          answered.push(`${answer.status()} ${new URL(answer.url()).pathname}`)
      })
      expect(await theirs.evaluate(attack, origin)).toEqual({
        read: 'TypeError',
        blind: '',
        script: 'refused',
        socket: 'refused',
        cookies: '',
      })
      for (const path of ['/stolen-frame', '/stolen-fetch'])
        expect(answered.filter((one) => one.endsWith(path))).toContain(`401 ${path}`)
      const framed = theirs.frames().find((frame) => frame.parentFrame() !== null)
      expect(await framed?.evaluate(() => document.documentElement.outerHTML)).toContain('main-frame-error')
      await theirs.close()
    }
    await tab.goto(`${origin}/log`)
    const log = JSON.parse((await tab.locator('body').textContent()) ?? '') as string[]
    expect(log).toContain('/in?deep')
    expect(log.filter((asked) => asked.includes('stolen'))).toEqual([])
    expect(faults).toEqual([])
  },
)
