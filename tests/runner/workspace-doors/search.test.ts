// Search through its door, over a real workspace: what is found and where, and that nobody is held up by it.
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { onTestFinished, expect, test } from 'vitest'
import { asAppError } from '../../../protocol/errors.ts'
import { mostMatches, SearchLine, type SearchQuery } from '../../../protocol/search.ts'
import { answerFailure } from '../../../runner/doors/requests.ts'
import { searchDoor } from '../../../runner/doors/search.ts'
import { confine } from '../../../runner/workspace/confine.ts'
import { WorkspaceTree } from '../../../runner/workspace/tree.ts'
import { quiet, stage } from '../workspace/stage.ts'
import { eventually } from '../../support/eventually.ts'
import { claimsOf } from './doors.ts'

async function openSearch(
  files: Record<string, string | Uint8Array>,
  { settle = () => {}, readMs }: { settle?: (root: string) => void; readMs?: number } = {},
) {
  const { root } = stage()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const confined = confine(root)
  const tree = new WorkspaceTree({ confined, log: quiet })
  await tree.start()
  let admitted = 0
  const documents = { settle: async () => (settle(root), (admitted += 1), tree.touch(['typed.txt'])) }
  const door = searchDoor({ confined, documents, tree, ...(readMs === undefined ? {} : { readMs }) })
  const server = createServer((request, response) => {
    const role = request.headers['x-role'] === 'viewer' ? 'viewer' : 'editor'
    const name = String(request.headers['x-name'] ?? 'ada')
    const asker = { claims: claimsOf(name, role), recheck: () => undefined }
    door(request, response, asker).catch((fault: unknown) => answerFailure(response, asAppError(fault)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A unix socket as a second way in: its buffers are small, so that who does not read is felt soon.
  const narrow = createServer((...exchange) => void server.emit('request', ...exchange))
  const path = join(root, '..', 'narrow.sock')
  narrow.listen(path)
  await once(narrow, 'listening')
  onTestFinished(() => {
    narrow.closeAllConnections()
    narrow.close()
    server.closeAllConnections()
    server.close()
    tree.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const ask = (query: Partial<SearchQuery>, init: RequestInit = {}) =>
    fetch(url, { method: 'POST', body: JSON.stringify(query), ...init })
  return {
    ask,
    admitted: () => admitted,
    unreadLeft: () => new Promise((done) => narrow.getConnections((_fault, count) => done(count))),
    /** Asks and reads nothing of the answer. */
    unread(query: Partial<SearchQuery>, name: string): void {
      const body = JSON.stringify(query)
      const socket = connect(path).pause()
      socket.on('error', () => undefined)
      socket.write(
        `POST / HTTP/1.1\r\nhost: x\r\nx-name: ${name}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      )
      onTestFinished(() => void socket.destroy())
    },
    async find(query: Partial<SearchQuery>) {
      const lines = (await (await ask(query)).text()).trim().split('\n')
      const parsed = lines.map((line) => SearchLine.parse(JSON.parse(line)))
      const places = parsed.flatMap((line) =>
        'path' in line ? line.matches.map(({ line: at, column }) => `${line.path}:${at}:${column}`) : [],
      )
      return { places: places.sort(), last: parsed.at(-1), parsed }
    },
  }
}

/** The threads that begin and end from now on. */
function watchThreads(): { now: number; most: number; ever: number } {
  const count = { now: 0, most: 0, ever: 0 }
  const began = (worker: Worker): void => {
    count.now += 1
    count.ever += 1
    count.most = Math.max(count.most, count.now)
    worker.once('exit', () => (count.now -= 1))
  }
  process.on('worker', began)
  onTestFinished(() => void process.off('worker', began))
  return count
}

test('W-12 a search finds plain text, by case, by word and by pattern, at its line and column', async () => {
  const { find } = await openSearch({
    'a.js': 'let total = 1\nTotal += totals\n',
    'src/b.txt': 'x\r\nsome.total\r\nsomeXtotal',
    'empty.txt': '',
  })

  expect((await find({ text: 'total' })).places).toEqual([
    'a.js:1:5',
    'a.js:2:1',
    'a.js:2:10',
    'src/b.txt:2:6',
    'src/b.txt:3:6',
  ])
  expect((await find({ text: 'total', caseSensitive: true, wholeWord: true })).places).toEqual([
    'a.js:1:5',
    'src/b.txt:2:6',
  ])
  expect((await find({ text: 'some.t' })).places).toEqual(['src/b.txt:2:1'])
  expect((await find({ text: '^some.total$', regex: true })).places).toEqual([
    'src/b.txt:2:1',
    'src/b.txt:3:1',
  ])
  expect((await find({ text: 'x*', regex: true, caseSensitive: true })).last).toMatchObject({ done: true })
})

test('W-12 what is shown of a place holds it, also far into a long line and beyond one', async () => {
  const { find } = await openSearch({ 'long.txt': `${'a'.repeat(5000)}needle${'b'.repeat(5000)}\nend` })

  const { parsed } = await find({ text: 'needle' })
  const [line] = parsed
  const match = line !== undefined && 'path' in line ? line.matches[0] : undefined

  expect(match).toMatchObject({ line: 1, column: 5001, length: 6 })
  expect(match?.text.slice(match.at, match.at + 6)).toBe('needle')
  expect(match?.text.length).toBeLessThanOrEqual(200)
})

test('W-12 what was typed a moment ago is found, ignored folders and what is no text are not', async () => {
  const { find } = await openSearch(
    {
      'node_modules/x/index.js': 'needle',
      '.git/HEAD': 'needle',
      '.gitignore': 'out\n',
      'out/built.js': 'needle',
      'picture.bin': Buffer.from([0, 1, 2, ...Buffer.from('needle')]),
    },
    { settle: (root) => writeFileSync(join(root, 'typed.txt'), 'a needle') },
  )

  expect((await find({ text: 'needle' })).places).toEqual(['typed.txt:1:3'])
})

test('W-12 a search with too many places ends and says so', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [`f${index}.txt`, 'e\n'.repeat(500)]),
  )
  const { find } = await openSearch(files)

  const { places, last } = await find({ text: 'e' })

  expect(places).toHaveLength(mostMatches)
  expect(last).toMatchObject({ done: true, stopped: 'many' })
})

test('W-12 a pattern that would take for ever is ended, and holds up nobody meanwhile', async () => {
  const { find } = await openSearch({ 'trap.txt': `${'a'.repeat(60)}!` })
  let longest = 0
  let before = performance.now()
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - before)
    before = performance.now()
  }, 5)

  const { last } = await find({ text: '^(a+)+$', regex: true })

  clearInterval(beat)
  expect(last).toMatchObject({ done: true, stopped: 'slow' })
  // The search took two seconds; a beat late by a busy machine is late by far less.
  expect(longest).toBeLessThan(1500)
})

test('W-12 whoever hangs up calls the search off, and others may search again', async () => {
  const { ask, find, admitted } = await openSearch({ 'trap.txt': `${'a'.repeat(60)}!` })
  const trap = { text: '^(a+)+$', regex: true }
  const leaving = new AbortController()
  const searching = (name: string) => ask(trap, { headers: { 'x-name': name }, signal: leaving.signal })
  const gone = ['grace', 'joan', 'mary', 'edith'].map((name) => searching(name).catch(() => 'left'))
  await eventually(() => admitted() === 4)
  expect((await ask({ text: 'x' })).status).toBe(429)

  leaving.abort()

  expect(await Promise.all(gone)).toEqual(['left', 'left', 'left', 'left'])
  for (let isFree = false; !isFree;) isFree = (await ask({ text: 'x' })).ok
  expect((await find({ text: '!' })).places).toEqual(['trap.txt:1:61'])
})

test('W-12 four who read nothing of their answers hold up nobody, and are let go in the end', async () => {
  // More than a megabyte of answer.
  const line = `${'€'.repeat(90)}needle${'€'.repeat(90)}\n`
  const files = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`f${at}.txt`, line.repeat(200)]))
  const { ask, find, unread, admitted, unreadLeft } = await openSearch(files, { readMs: 300 })
  for (const name of ['grace', 'joan', 'mary', 'edith']) unread({ text: 'needle' }, name)
  await eventually(() => admitted() === 4)

  await eventually(async () => (await ask({ text: 'nothing like it' })).ok, 20_000)

  expect((await find({ text: 'needle' })).places).toHaveLength(mostMatches)
  await eventually(async () => (await unreadLeft()) === 0, 20_000)
})

test('W-12 a person’s newer search ends their older one in words, and takes nobody else’s place', async () => {
  const { ask, find, admitted } = await openSearch({ 'trap.txt': `${'a'.repeat(60)}!`, 'a.txt': 'needle' })
  const trap = { text: '^(a+)+$', regex: true }
  const as = (name: string): RequestInit => ({ headers: { 'x-name': name } })
  const others = ['grace', 'joan', 'mary'].map((name) => ask(trap, as(name)))
  const older = ask(trap, as('ada'))
  await eventually(() => admitted() === 4)
  expect((await ask({ text: 'x' }, as('edith'))).status).toBe(429)

  const newer = find({ text: 'needle' })

  const ended = await older
  expect(ended.status).toBe(409)
  expect(await ended.text()).toContain('Another search of yours')
  expect((await newer).places).toEqual(['a.txt:1:1'])
  for (const other of await Promise.all(others)) expect(await other.text()).toContain('"stopped":"slow"')
})

test('W-12 of a hundred searches of one person at once few begin, and the last is answered', async () => {
  const { ask, find, admitted } = await openSearch({ 'trap.txt': `${'a'.repeat(60)}!`, 'a.txt': 'needle' })
  const threads = watchThreads()
  const first = ask({ text: '^(a+)+$', regex: true })
  await eventually(() => threads.now === 1)

  const many = Array.from({ length: 100 }, () => ask({ text: 'needle' }))
  const answered = await Promise.all(many)

  expect((await first).status).toBe(409)
  expect(answered.filter((each) => each.status === 200)).toHaveLength(1)
  expect(answered.filter((each) => each.status === 409)).toHaveLength(99)
  expect(threads.most).toBe(1)
  expect(Math.max(threads.ever, admitted())).toBeLessThan(50)
  expect((await find({ text: 'needle' })).places).toEqual(['a.txt:1:1'])
})

test('W-12 a person’s answer that nobody has read yet is let go for their next one, not kept beside it', async () => {
  const line = `${'€'.repeat(90)}needle${'€'.repeat(90)}\n`
  const files = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`f${at}.txt`, line.repeat(200)]))
  const { unread, unreadLeft } = await openSearch(files)
  const threads = watchThreads()
  for (let asked = 1; asked <= 4; asked += 1) {
    unread({ text: 'needle' }, 'grace')
    await eventually(() => threads.ever === asked && threads.now === 0)
  }

  await eventually(async () => (await unreadLeft()) === 1, 20_000)
})

test('W-12 a viewer may search; a pattern that is none, or no question, is refused in words', async () => {
  const { ask } = await openSearch({ 'a.txt': 'x' })

  expect((await ask({ text: 'x' }, { headers: { 'x-role': 'viewer' } })).status).toBe(200)
  const refused = await ask({ text: '(', regex: true })
  expect(refused.status).toBe(400)
  expect(((await refused.json()) as { error: { say: string } }).error.say).toMatch(
    /not valid: Unterminated group/,
  )
  expect((await ask({ text: '' })).status).toBe(400)
  expect((await ask({ text: 'x'.repeat(600) })).status).toBe(400)
})
