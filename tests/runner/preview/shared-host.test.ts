// Previews at ports of one host: browsers send a host's cookies to all its ports, and yet nobody gets another's.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { previewLogin } from '../../../runner/doors/preview/login.ts'
import { openRepl, Visitor } from './stage.ts'

/** A program that sets the cookies it is asked for (`?a=1; Path=/`), and tells what it saw. */
async function aProgram(): Promise<{ port: number; seen: IncomingHttpHeaders[] }> {
  const seen: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    seen.push(request.headers)
    const wanted = decodeURIComponent((request.url ?? '').split('?')[1] ?? '')
    if (wanted !== '') response.setHeader('set-cookie', wanted.split('|'))
    response.end('page')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

const set = (...cookies: string[]): string => `/?${encodeURIComponent(cookies.join('|'))}`
const lan = (port: number): string => `http://192.168.1.5:${port}`

test('P-4 two repls’ previews at ports of one host never get each other’s cookies, though both name theirs alike', async () => {
  const [ada, grace] = [await aProgram(), await aProgram()]
  const hers = (await openRepl([ada.port])).at(ada.port, lan(41001))
  const other = (await openRepl([grace.port])).at(grace.port, lan(41002))
  const browser = new Visitor()
  for (const place of [hers, other]) await browser.enter(place)

  await browser.ask(hers, set('sid=of-ada; Path=/; SameSite=None; Secure', 'theme=dark'))
  await browser.ask(other, set('sid=of-grace; Path=/'))
  await browser.ask(hers)
  await browser.ask(other)

  expect(ada.seen.at(-1)?.cookie).toBe('sid=of-ada; theme=dark')
  expect(grace.seen.at(-1)?.cookie).toBe('sid=of-grace')
  for (const { cookie } of [...ada.seen, ...grace.seen]) expect(cookie ?? '').not.toMatch(/devex|__dvx/)
})

test('P-4 nor do two ports of one repl, and a page’s script at one reads and sets nothing of the other', async () => {
  const [first, second] = [await aProgram(), await aProgram()]
  const repl = await openRepl([first.port, second.port])
  const [one, two] = [repl.at(first.port, lan(41001)), repl.at(second.port, lan(41002))]
  const browser = new Visitor()
  for (const place of [one, two]) await browser.enter(place)
  await browser.ask(one, set('token=secret; Path=/'))

  expect(browser.script(two)).toBe('')
  browser.plant(two, 'token', 'planted')
  for (const name of browser.names(two)) browser.plant(two, name, 'planted')
  await browser.ask(one)
  await browser.ask(two)

  expect(first.seen.at(-1)?.cookie).toBe('token=secret')
  expect(second.seen.at(-1)?.cookie).toBeUndefined()
})

test('P-4 a page that knows another preview’s repl and port plants nothing with its program, nor beside its cookies', async () => {
  const [ada, eve] = [await aProgram(), await aProgram()]
  const repl = await openRepl([ada.port])
  const hers = repl.at(ada.port, lan(41001))
  const foreign = (await openRepl([eve.port])).at(eve.port, lan(41002))
  const browser = new Visitor()
  for (const place of [hers, foreign]) await browser.enter(place)
  const begins = `__dvx_${repl.repl.slice(0, 8)}_${ada.port}_`
  browser.plant(foreign, `${begins}sid`, 'planted')
  await browser.ask(hers)
  expect(ada.seen.at(-1)?.cookie).toBeUndefined()

  await browser.ask(hers, set('sid=own; Path=/', 'theme=dark'))
  const name = browser.names(hers).find((each) => each.endsWith('_sid') && !each.startsWith(begins)) ?? ''
  const jar = browser.header(hers)
  await browser.ask(hers, '/', { headers: { cookie: jar } })
  expect(ada.seen.at(-1)?.cookie).toBe('sid=own; theme=dark')
  // As browsers send it that keep one of this name for a longer path.
  await browser.ask(hers, '/', { headers: { cookie: `${name}=planted; ${jar}` } })
  expect(ada.seen.at(-1)?.cookie).toBe('theme=dark')
})

test('P-4 a runner that restarts names its programs’ cookies as before; another session, or another port, otherwise', () => {
  const repl = 'a'.repeat(20)
  const markOf = (privateKey: string, port: number): string =>
    previewLogin({ repl, privateKey }, Date).mark(port)

  expect(markOf('of this session', 3000)).toMatch(/^[0-9a-f]{24}$/)
  expect(markOf('of this session', 3000)).toBe(markOf('of this session', 3000))
  expect(markOf('of another', 3000)).not.toBe(markOf('of this session', 3000))
  expect(markOf('of this session', 3001)).not.toBe(markOf('of this session', 3000))
})

test('P-6 at a port a program’s cookies change and end as it says; what plain http forbids is taken off', async () => {
  const program = await aProgram()
  const place = (await openRepl([program.port])).at(program.port, lan(41001))
  const browser = new Visitor()
  await browser.enter(place)
  await browser.ask(
    place,
    set('sid=1; Domain=localhost; Path=/; Secure; SameSite=None', '__Host-x=2; Path=/; Secure', 'bare'),
  )
  await browser.ask(place, set('sid=2; Path=/'))
  await browser.ask(place)
  expect(program.seen.at(-1)?.cookie).toBe('sid=2; __Host-x=2; bare')

  await browser.ask(place, set('sid=; Path=/; Max-Age=0'))
  await browser.ask(place)

  expect(program.seen.at(-1)?.cookie).toBe('__Host-x=2; bare')
})

test('P-6 at a host of its own a cookie keeps its name, and a page’s script may read what its program shows it', async () => {
  const program = await aProgram()
  const place = (await openRepl([program.port])).at(program.port)
  const browser = new Visitor()
  await browser.enter(place)
  await browser.ask(place, set('csrf=1; Path=/', 'sid=2; Path=/; HttpOnly'))
  browser.plant(place, 'theme', 'dark')
  await browser.ask(place)

  expect(browser.script(place)).toBe('csrf=1; theme=dark')
  expect(program.seen.at(-1)?.cookie).toBe('csrf=1; sid=2; theme=dark')
})
