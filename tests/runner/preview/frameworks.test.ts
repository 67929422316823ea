// Express and Flask as they are, behind the preview door, at a host of its own and at a port: sessions, redirects, absolute
// paths, event streams, uploads, and what they make of who asks. Vite is in the journeys.
import { spawn, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express, { type Request } from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../support/eventually.ts'
import { tempFolder } from '../../support/folders.ts'
import { openRepl, Visitor, type Place } from './stage.ts'

/** Both ways in which a preview is seen. */
const places = [
  ['a host of its own', undefined],
  ['a port of the front door', 'http://192.168.1.5:41001'],
] as const

const noFlask = spawnSync('python3', ['-c', 'import flask'], { stdio: 'ignore' }).status !== 0
if (noFlask) console.warn('Flask is not installed (npm run setup:tests): its preview is left out')

async function previewOf(port: number, outer: string | undefined): Promise<{ place: Place; ada: Visitor }> {
  const place = (await openRepl([port])).at(port, outer)
  const ada = new Visitor()
  await ada.enter(place)
  return { place, ada }
}

/** The usual things of an Express program, with signed cookies as its session. */
async function anExpress(): Promise<number> {
  const app = express()
  const signed = (user: string): string => `${user}.${createHmac('sha256', 'key').update(user).digest('hex')}`
  const userOf = ({ headers }: Request): string => {
    const value = /(?:^|; )user=([^;]*)/.exec(headers.cookie ?? '')?.[1] ?? ''
    const user = decodeURIComponent(value).split('.')[0] ?? ''
    return decodeURIComponent(value) === signed(user) ? user : 'nobody'
  }
  app.set('trust proxy', true)
  app.use(express.urlencoded({ extended: false }))
  app.post('/login', (req, res) => {
    res.cookie('user', signed(String(req.body.user)), {
      httpOnly: true,
      sameSite: 'strict',
      secure: req.secure,
    })
    res.redirect(303, `${req.protocol}://${req.get('host')}/home`)
  })
  app.post('/logout', (_req, res) => void res.clearCookie('user').redirect('/home'))
  app.get('/home', (req, res) => void res.send(`hello ${userOf(req)}`))
  app.get('/old', (req, res) => void res.redirect(req.get('referer') ?? '/'))
  app.get('/events', (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write('data: one\n\n')
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const flaskProgram = `import sys, time
from flask import Flask, Response, flash, get_flashed_messages, redirect, request, session, url_for
app = Flask(__name__)
app.secret_key = 'key'
@app.post('/login')
def login():
    session['user'] = request.form['user']
    flash('welcome')
    return redirect(url_for('home', _external=True))
@app.post('/logout')
def logout():
    session.clear()
    return redirect(url_for('home'))
@app.get('/home')
def home():
    return 'hello ' + session.get('user', 'nobody') + ' ' + ' '.join(get_flashed_messages())
@app.get('/old')
def old():
    return redirect(request.referrer)
@app.get('/events')
def events():
    def lines():
        yield 'data: one\\n\\n'
        time.sleep(60)
    return Response(lines(), mimetype='text/event-stream')
app.run(port=int(sys.argv[1]), threaded=True)
`

async function aFlask(): Promise<number> {
  const folder = await tempFolder()
  writeFileSync(join(folder.path, 'app.py'), flaskProgram)
  const port = await freePort()
  const child = spawn('python3', ['app.py', String(port)], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said += text.toString()))
  onTestFinished(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await folder.remove()
  })
  await eventually(async () => (await fetch(`http://127.0.0.1:${port}/home`)).ok, 20_000).catch(
    (fault: unknown) => {
      throw new Error(`${String(fault)}\n${said}`)
    },
  )
  return port
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** What both frameworks do the same way: in by a form, out by another, back to where one came from, and an event at once. */
async function workingDay({ ada, place }: { ada: Visitor; place: Place }, greeting: string): Promise<void> {
  const form = (body: string) => ({
    method: 'POST',
    body,
    headers: { origin: place.origin, 'content-type': 'application/x-www-form-urlencoded' },
  })
  const sentOn = await ada.ask(place, '/login', form('user=ada'))
  expect(sentOn.headers.location).toBe(`${place.origin}/home`)
  expect((await ada.follow(place, '/home')).body.trim()).toBe(greeting)
  expect((await ada.ask(place, '/home')).body.trim()).toBe('hello ada')
  const back = await ada.ask(place, '/old', { headers: { referer: `${place.origin}/home` } })
  expect(new URL(back.headers.location ?? '', place.origin).href).toBe(`${place.origin}/home`)
  const events = await ada.open(place, '/events')
  const [first] = (await once(events, 'data')) as [Buffer]
  expect(first.toString()).toBe('data: one\n\n')
  events.destroy()
  expect((await ada.follow(place, '/logout', form(''))).body.trim()).toBe('hello nobody')
}

describe.each(places)('at %s', (_where, outer) => {
  test('P-6 Express keeps somebody signed in, and its absolute redirects lead back into the preview', async () => {
    const port = await anExpress()

    await workingDay(await previewOf(port, outer), 'hello ada')
  })

  test.skipIf(noFlask)(
    'P-6 Flask keeps its session and flashes, and its external addresses lead back into the preview',
    async () => {
      const port = await aFlask()

      await workingDay(await previewOf(port, outer), 'hello ada welcome')
    },
  )
})
