// The files door with a real server: headers, limits, and every path that must not lead out.
import { execFileSync } from 'node:child_process'
import { connect } from 'node:net'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limits } from '../../../protocol/limits.ts'
import { eventually, picture, secret } from '../workspace/stage.ts'
import { openDoors } from './doors.ts'

const put = (url: string, body: string | Uint8Array, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'PUT', body: Buffer.from(body), headers })

test('W-11 a file is given as an attachment that no browser runs or guesses at', async () => {
  const { url, root, documents } = await openDoors()
  const name = `it's "ü" (1) *.html`
  writeFileSync(join(root, name), 'old')
  documents.beforeSettle = () => writeFileSync(join(root, name), '<script>alert(1)</script>')

  const answer = await fetch(`${url}/${encodeURIComponent(name)}`)

  expect(await answer.text()).toBe('<script>alert(1)</script>')
  expect(answer.status).toBe(200)
  const guards = {
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'content-security-policy': 'sandbox',
    'content-length': '25',
    'content-disposition': `attachment; filename="it_s______1___.html"; filename*=UTF-8''it%27s%20%22%C3%BC%22%20%281%29%20%2A.html`,
  }
  for (const [name, value] of Object.entries(guards)) expect(answer.headers.get(name), name).toBe(value)
})

test('W-11 an empty file, a large one and a HEAD are answered whole', async () => {
  const { url, root } = await openDoors()
  const large = Buffer.alloc(3_000_000, 'large ')
  writeFileSync(join(root, 'empty'), '')
  writeFileSync(join(root, 'large'), large)

  expect((await fetch(`${url}/empty`)).headers.get('content-length')).toBe('0')
  expect(Buffer.from(await (await fetch(`${url}/large`)).arrayBuffer()).equals(large)).toBe(true)
  const head = await fetch(`${url}/large`, { method: 'HEAD' })
  expect([head.headers.get('content-length'), await head.text()]).toEqual(['3000000', ''])
})

test('an upload is whole or not there, makes its folders, and appears in every tree', async () => {
  const { url, root, enter } = await openDoors()
  const ada = await enter('ada', 'viewer')
  const bytes = Buffer.from([0, 255, 1, 2, 13, 10])

  const answer = await put(`${url}/data/raw/a.bin`, bytes)

  expect(await answer.json()).toEqual({ path: 'data/raw/a.bin', size: 6 })
  expect(readFileSync(join(root, 'data', 'raw', 'a.bin')).equals(bytes)).toBe(true)
  await eventually(() => ada.opsSaid().some((op) => op.op === 'put' && op.entry.path === 'data/raw/a.bin'))
  expect((await put(`${url}/data/empty`, '')).status).toBe(200)
})

test('an upload that breaks off or lies about its length leaves the old file', async () => {
  const { url, port, root } = await openDoors()
  writeFileSync(join(root, 'a.txt'), 'old')

  const socket = connect(port, '127.0.0.1')
  socket.write('PUT /files/a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it')
  await eventually(() => socket.bytesWritten > 0 && !socket.connecting)
  socket.destroy()
  expect((await put(`${url}/a.txt/b.txt`, 'x')).status).toBe(404)

  expect((await fetch(`${url}/a.txt`)).status).toBe(200)
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('old')
  await eventually(
    () =>
      readdirSync(join(root, '..')).every((name) => name !== 'scratch') ||
      readdirSync(join(root, '..', 'scratch')).length === 0,
  )
})

test('an upload that is under way when the session begins to stop is refused in words, not lost after the backup', async () => {
  const { port, root, session, documents } = await openDoors()
  writeFileSync(join(root, 'a.txt'), 'old')
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', (bytes) => (said += bytes.toString()))
  socket.write('PUT /files/a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nnew')
  await eventually(() => documents.settled === 1)

  session.stopping = true
  socket.write('text')

  await eventually(() => said.includes('"read-only"'))
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('old')
  socket.destroy()
})

test('W-13 while the disk of the repl is full an upload is refused in words, at its beginning and on its way, and leaves nothing', async () => {
  const { url, port, root, session, documents } = await openDoors()
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', (bytes) => (said += bytes.toString()))
  socket.write('PUT /files/a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nnew')
  await eventually(() => documents.settled === 1)

  session.isFull = true
  socket.write('te')
  await eventually(() => said.includes('"disk-full"'))
  const refused = await put(`${url}/new/b.txt`, 'text')

  expect([refused.status, await refused.json()]).toEqual([
    507,
    { error: { code: 'disk-full', say: expect.stringContaining('The disk is full. Delete something') } },
  ])
  expect(readdirSync(root)).toEqual([])
  session.isFull = false
  expect((await put(`${url}/b.txt`, 'text')).status).toBe(200)
  socket.destroy()
})

test('an upload over the limit or without a length is refused before a byte is kept', async () => {
  const { port, root } = await openDoors()
  const status = (head: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.write(`PUT /files/big HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`)
      socket.once('data', (bytes) => {
        resolve(bytes.toString().slice(9, 12))
        socket.destroy()
      })
    })

  expect(await status(`Content-Length: ${limits.uploadBytes + 1}`)).toBe('413')
  expect(await status('Transfer-Encoding: chunked')).toBe('400')
  expect(readdirSync(root)).toEqual([])
})

test('A-8 a viewer fetches files and sends none', async () => {
  const { url, root } = await openDoors()
  writeFileSync(join(root, 'a.txt'), 'old')
  const headers = { 'x-role': 'viewer' }

  expect((await fetch(`${url}/a.txt`, { headers })).status).toBe(200)
  const answer = await put(`${url}/a.txt`, 'new', headers)

  expect([answer.status, await answer.json()]).toEqual([
    403,
    { error: expect.objectContaining({ code: 'forbidden' }) },
  ])
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('old')
})

test('W-1 neither download nor upload gets out of the workspace or opens what is no file', async () => {
  const { url, root, outside } = await openDoors()
  symlinkSync(outside, join(root, 'out'))
  symlinkSync(join(outside, 'secret.txt'), join(root, 'secret'))
  mkdirSync(join(root, 'folder'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  const before = picture(outside)

  const paths = [
    '..%2Foutside%2Fsecret.txt',
    '%2Fetc%2Fpasswd',
    'out/secret.txt',
    'secret',
    'a%00b',
    'folder',
    'pipe',
    '',
    'a%2F..%2F..%2Fx',
  ]
  for (const path of paths) {
    for (const answer of [await fetch(`${url}/${path}`), await put(`${url}/${path}`, 'overwritten')]) {
      expect([400, path], path).toEqual([answer.status, path])
      expect(await answer.text()).not.toContain(secret)
    }
  }
  expect((await put(`${url}/out/new/deep.txt`, 'x')).status).toBe(400)
  expect((await fetch(`${url}/missing`)).status).toBe(404)
  expect((await fetch(`${url}/missing`, { method: 'DELETE' })).status).toBe(400)
  expect(picture(outside)).toEqual(before)
})
