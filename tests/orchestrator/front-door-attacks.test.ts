// The front door under attack and accident: whoever misbehaves is ended, and nobody else notices.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DoorRig, echoes, heard, repl, startDoorRig } from './front-door-rig.ts'

let rig: DoorRig
beforeEach(async () => void (rig = await startDoorRig()))
afterEach(() => rig.close())

/** Ada works through the door while something goes wrong beside her. */
const untouched = async (accident: () => Promise<unknown>) => {
  const ada = await rig.open(`/r/${repl}/live/`)
  expect(await echoes(ada, 'before')).toBe('before')
  await accident()
  expect(await echoes(ada, 'after')).toBe('after')
  expect((await fetch(rig.door.url)).status).toBe(200)
}

const upgradeTo = (path: string, kind = 'websocket') =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${kind}\r\n\r\n`

test('garbage on the socket gets one short answer and the end', () =>
  untouched(async () => {
    for (const garbage of [
      '\0\x01\x02\xff'.repeat(100),
      '\x16\x03\x01\x02\0\x01',
      'GET\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
    ]) {
      const text = await heard(await rig.say(Buffer.from(garbage, 'latin1')))
      expect(text).toMatch(/^HTTP\/1\.1 400 .*"code":"bad-input"/s)
    }
  }))

test('huge headers are refused, also on an upgrade', () =>
  untouched(async () => {
    const huge = `X-Huge: ${'x'.repeat(200_000)}\r\n`
    const plain = await heard(await rig.say(`GET / HTTP/1.1\r\nHost: x\r\n${huge}\r\n`))
    const upgrade = await heard(await rig.say(upgradeTo('/collab/x').replace('Host', `${huge}Host`)))

    // A socket that is closed while it still sends may lose the answer on its way.
    expect(plain).toMatch(/^(HTTP\/1\.1 431 |$)/)
    expect(upgrade).toMatch(/^(HTTP\/1\.1 431 |$)/)
    expect(rig.app.seen.length + rig.collab.seen.length).toBe(0)
  }))

test('absolute addresses, two slashes, backslashes and other oddities are refused before any server is asked', () =>
  untouched(async () => {
    const odd = [
      'GET http://evil.example/ HTTP/1.1',
      'GET //evil.example/ HTTP/1.1',
      'GET /\\evil.example HTTP/1.1',
      'OPTIONS * HTTP/1.1',
      'GET /a#b HTTP/1.1',
    ]
    for (const line of odd) {
      const text = await heard(await rig.say(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`))
      expect(text, line).toMatch(/^HTTP\/1\.1 400 .*"code":"bad-input"/s)
    }
    expect(rig.app.seen.length).toBe(0)
  }))

test('only websockets are upgraded', () =>
  untouched(async () => {
    for (const kind of ['h2c', 'TLS/1.0', 'websockets']) {
      expect(await heard(await rig.say(upgradeTo('/collab/x', kind)))).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect(rig.collab.seen.length).toBe(0)
  }))

test('two lengths, or a length and chunks, are refused: no second request can hide in a body', () =>
  untouched(async () => {
    const smuggled = 'GET /r/x HTTP/1.1\r\nHost: x\r\n\r\n'
    for (const lengths of [
      'Content-Length: 0\r\nContent-Length: 30\r\n',
      'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    ]) {
      const text = await heard(await rig.say(`POST / HTTP/1.1\r\nHost: x\r\n${lengths}\r\n${smuggled}`))
      expect(text).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect(rig.app.seen.length).toBe(0)
  }))

test('an upgrade that is left half open, or abandoned, is let go', () =>
  untouched(async () => {
    const half = await rig.say('GET /collab/x HTTP/1.1\r\nHost: x\r\nUpgra')
    half.destroy()
    const open = new Set<unknown>()
    rig.collab.server.removeAllListeners('upgrade')
    rig.collab.server.on('upgrade', (_req, socket) => {
      open.add(socket)
      socket
        .on('error', () => undefined)
        .on('end', () => socket.end())
        .on('close', () => open.delete(socket))
      socket.resume()
    })

    const waiting = await rig.say(upgradeTo('/collab/x'))
    const resetting = await rig.say(upgradeTo('/collab/y'))
    await expect.poll(() => open.size).toBe(2)
    resetting.resetAndDestroy()
    waiting.destroy()

    await expect.poll(() => open.size).toBe(0)
  }))

test('a runner that dies in the middle of an answer breaks off that answer alone', () =>
  untouched(async () => {
    rig.app.answer = (req, res) => {
      if (req.url === '/') return void res.end('fine')
      res.writeHead(200, { 'content-length': 1000 })
      res.write('half')
      setImmediate(() => res.destroy())
    }
    const answer = await fetch(`${rig.door.url}/half`)

    await expect(answer.text()).rejects.toThrow()
  }))

test('a server that hangs up without an answer is a sentence', () =>
  untouched(async () => {
    rig.app.answer = (req, res) => (req.url === '/' ? void res.end('fine') : void req.socket.destroy())

    const answer = await fetch(`${rig.door.url}/x`)

    expect([answer.status, await answer.json()]).toMatchObject([502, { code: 'unavailable' }])
  }))

test('a relay that is killed ends its own sockets and leaves those of the runner', () =>
  untouched(async () => {
    const grace = await rig.open('/collab/a/b/c')
    const closed = once(grace, 'close')
    rig.collab.sockets[0]!.terminate()

    expect((await closed)[0]).toBe(1006)
  }))

test('a page that stops reading holds back who sends to it, and costs the door little', () =>
  untouched(async () => {
    const frozen = await rig.open(`/r/${repl}/frozen/`)
    const sender = rig.runner.sockets.at(-1)!
    frozen.pause()
    const piece = Buffer.alloc(1_000_000)
    for (let n = 0; n < 100; n++) sender.send(piece)
    let settled = -1
    await expect
      .poll(() => [settled, (settled = sender.bufferedAmount)].join(), { interval: 200, timeout: 10_000 })
      .toMatch(/^(\d+),\1$/)

    expect(sender.bufferedAmount).toBeGreaterThan(80_000_000)
    let bytes = 0
    frozen.on('message', (data: Buffer) => (bytes += data.length))
    frozen.resume()
    await expect.poll(() => bytes, { timeout: 20_000 }).toBe(100_000_000)
  }))

test('a page that takes its last bytes never is cut off when the other side has gone', () =>
  untouched(async () => {
    const frozen = await rig.open(`/r/${repl}/frozen/`)
    const sender = rig.runner.sockets.at(-1)!
    frozen.pause()
    for (let n = 0; n < 20; n++) sender.send(Buffer.alloc(1_000_000))
    sender.terminate()

    await expect.poll(() => openConnections(), { timeout: 10_000, interval: 100 }).toBeLessThanOrEqual(1)
  }))

/** Upgraded connections of the door: Ada's is one. */
async function openConnections(): Promise<number> {
  const count = await new Promise<number>((resolve, reject) => {
    rig.runner.server.getConnections((fault, found) => (fault ? reject(fault) : resolve(found)))
  })
  return count
}

test('many who come and go at once leave nothing behind', () =>
  untouched(async () => {
    const rude = Array.from({ length: 200 }, async (_, index) => {
      const socket = connect(rig.door.port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(
        index % 2 === 0 ? upgradeTo(`/r/${repl}/x`) : `GET /r/${repl}/x HTTP/1.1\r\nHost: x\r\n\r\n`,
      )
      if (index % 3 === 0) socket.resetAndDestroy()
      else socket.destroy()
    })
    await Promise.all(rude)

    await expect.poll(() => openConnections(), { timeout: 10_000 }).toBe(1)
  }))

test('closing ends every socket and lets a request under way finish', async () => {
  let finish = () => {}
  rig.app.answer = (_req, res) => (finish = () => res.end('finished'))
  const answer = fetch(rig.door.url)
  await expect.poll(() => rig.app.seen.length).toBe(1)
  const ada = await rig.open(`/r/${repl}/live/`)
  const gone = once(ada, 'close')

  const closed = rig.door.close()
  finish()

  expect(await (await answer).text()).toBe('finished')
  await gone
  await closed
  await expect(fetch(rig.door.url)).rejects.toThrow()
  rig.door.close = () => Promise.resolve()
})
