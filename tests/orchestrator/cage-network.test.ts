// The way out of a box: the internet by its own network, or by the proxy where it has none; never anything nearer.
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isInternet, startProxy } from '../../orchestrator/sandbox/local/proxy.ts'
import { boxPrograms, CageRig, offeredLevels } from '../exams/cage-rig.ts'
import { tempFolder } from '../support/folders.ts'

const levels = (await offeredLevels()).filter((level) => level === 'bwrap' || level === 'bwrap+net')
const outside = 'https://registry.npmjs.org/left-pad'
const why = await fetch(outside, { signal: AbortSignal.timeout(5_000) }).then(
  () => null,
  (fault: unknown) => String(fault),
)
if (why !== null)
  process.stdout.write(`the internet is not tried from boxes: ${outside} does not answer here (${why})\n`)

let programs: Awaited<ReturnType<typeof boxPrograms>>
beforeAll(async () => void (programs = await boxPrograms()))
afterAll(() => programs.remove())

describe.each(levels)('isolation %s', (level) => {
  test.skipIf(why !== null)(
    'S-1 two REPLs have the internet, and neither reaches this machine by the same way',
    async () => {
      const rig = await CageRig.open(level, programs.folder)
      const endWatch = rig.driver().watch(() => undefined)
      const [a, b] = await Promise.all([rig.session(), rig.session()])
      let reached = 0
      const here = createServer((_req, res) => {
        reached++
        res.end('reached')
      })
      await new Promise<void>((listening) => here.listen(0, '0.0.0.0', listening))
      const { port } = here.address() as AddressInfo
      const get = (url: string) => `curl -sS -m 10 -o /dev/null -w "%{http_code}" ${url}`

      for (const one of [a, b]) expect((await one.run(get(outside))).output).toContain('200')
      // Past the exception that every tool makes for localhost, too.
      const tries = [
        `http://localhost:${port}/`,
        `--noproxy "" http://127.0.0.1:${port}/`,
        `--noproxy "" http://169.254.169.254/`,
      ]
      for (const url of tries) expect((await a.run(get(url))).output).not.toContain('200')

      expect(reached).toBe(0)
      await Promise.all([a.release(), b.release()])
      endWatch()
      await new Promise((closed) => here.close(closed))
      await rig.close()
    },
  )
})

test('S-1 private, local, reserved and our own addresses are not the internet', () => {
  for (const near of [
    '127.0.0.1',
    '10.1.2.3',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '::1',
    'fd00::1',
  ])
    expect([near, isInternet(near)]).toEqual([near, false])
  for (const far of ['1.1.1.1', '203.0.113.80']) expect([far, isInternet(far)]).toEqual([far, true])
})

test('S-1 the proxy dials what it looked up once, hands bytes on, and refuses the rest in words', async () => {
  const folder = await tempFolder()
  const socket = join(folder.path, 'p', 's')
  const target = createServer((req, res) =>
    res.end(`${req.method} ${req.url} ${req.headers['proxy-connection'] ?? 'clean'}`),
  )
  await new Promise<void>((listening) => target.listen(0, '127.0.0.1', listening))
  const { port } = target.address() as AddressInfo
  let mayReach = (address: string): boolean => address === '127.0.0.1'
  const proxy = await startProxy({
    socket,
    mayReach: (address) => mayReach(address),
    log: pino({ level: 'silent' }),
  })
  const plain = (path: string): Promise<{ status: number; text: string }> =>
    new Promise((done, fail) => {
      const asked = request(
        { socketPath: socket, path, headers: { 'proxy-connection': 'keep-alive' } },
        (res) => {
          let text = ''
          res.on('data', (part: Buffer) => (text += part.toString()))
          res.on('end', () => done({ status: res.statusCode ?? 0, text }))
        },
      )
      asked.on('error', fail).end()
    })
  const tunnelled = (): Promise<number> =>
    new Promise((done, fail) => {
      const asked = request({ socketPath: socket, method: 'CONNECT', path: `127.0.0.1:${port}` })
      asked.on('connect', (res, line) => {
        line.destroy()
        done(res.statusCode ?? 0)
      })
      asked.on('error', fail).end()
    })

  expect(await plain(`http://localhost:${port}/a?b`)).toEqual({ status: 200, text: 'GET /a?b clean' })
  expect(await tunnelled()).toBe(200)
  mayReach = () => false
  expect(await plain(`http://localhost:${port}/a`)).toMatchObject({ status: 403 })
  expect((await plain(`http://localhost:${port}/a`)).text).toMatch(/only the internet can be reached/)
  expect(await tunnelled()).toBe(403)

  await proxy.close()
  await new Promise((closed) => target.close(closed))
  await folder.remove()
})
