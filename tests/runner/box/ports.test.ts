// Ports of a box over its real socket: what is told of them, and which may be dialled.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startBox, type Box } from '../../../runner/box/start.ts'
import { parseTable } from '../../../runner/box/ports-table.ts'
import { BoxPortsWatch, dialPort } from '../../../runner/doors/ports-box.ts'
import { BoxLink } from '../../../runner/terminals/box-link.ts'
import { boxLaunch, eventually, secret, tempFolder } from '../terminals/stage.ts'

const log = pino({ level: 'silent' })

/** Says what it heard, in capitals, and ends when the other side has. */
const echoing = (host: string): string =>
  `node -e "require('net').createServer({allowHalfOpen:true},s=>{let t='';s.on('data',d=>t+=d);s.on('end',()=>s.end(t.toUpperCase()))}).listen(0,'${host}')"`

describe('ports of a box', () => {
  const folder = tempFolder()
  const launch = { ...boxLaunch(folder.path), socket: join(folder.path, 'private', 'box.sock') }
  const place = { boxSocket: launch.socket, boxSecret: secret, build: 'test' }
  const up = join(folder.path, 'up.txt')
  let box: Box
  let runner: BoxLink
  let watch: BoxPortsWatch
  let stranger: Server

  beforeEach(async () => {
    box = await startBox(launch)
    runner = new BoxLink({
      socket: launch.socket,
      secret,
      build: 'test',
      log,
      onHello: () => undefined,
      onLost: () => undefined,
      onOutput: () => undefined,
    })
    watch = new BoxPortsWatch(place, log)
    stranger = createServer((socket) => socket.end('not yours')).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    await eventually(() => runner.isReady)
  })
  afterEach(async () => {
    watch.close()
    runner.close()
    await box.close()
    stranger.close()
  })

  const run = (command: string) => runner.open({ name: 'one', cols: 80, rows: 24, command })
  const listed = () => eventually(() => watch.ports[0])

  test('P-1 a program that listens is listed by its name, and its end is told', async () => {
    const told: number[] = []
    watch.onChange((ports) => told.push(ports.length))
    const terminal = await run(echoing('127.0.0.1'))

    expect(await listed()).toMatchObject({ program: 'node' })
    runner.send({ type: 'close', terminal: terminal.terminal })

    await eventually(() => watch.ports.length === 0)
    expect(told).toEqual([1, 0])
  })

  test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])(
    'P-1 a stream to a program on %s carries bytes both ways, and each side may end first',
    async (host) => {
      await run(echoing(host))
      const { port } = await listed()

      const stream = await dialPort(place, port)
      stream?.end('hello')

      expect(stream && (await text(stream))).toBe('HELLO')
    },
  )

  test('P-1 a port of another program of the machine, ours too, is neither listed nor dialled', async () => {
    await run(echoing('127.0.0.1'))
    const theirs = await listed()
    const { port } = stranger.address() as AddressInfo

    expect(watch.ports.map((open) => open.port)).toEqual([theirs.port])
    expect(await dialPort(place, port)).toBeNull()
  })

  test('P-1 a program that left its terminal is listed still, and what nobody listens on is not dialled', async () => {
    await run(`setsid ${echoing('127.0.0.1')} & disown; sleep 60`)
    const { port } = await listed()
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port: nobodys } = free.address() as AddressInfo
    await new Promise((closed) => free.close(closed))

    expect(await dialPort(place, port)).not.toBeNull()
    expect(await dialPort(place, nobodys)).toBeNull()
  })

  test('P-1 a program that left every trace of us is listed only where the whole network is the box’s', async () => {
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    await new Promise((closed) => free.close(closed))
    const escapes = `env -i setsid ${process.execPath} -e "require('net').createServer().listen(${port},'127.0.0.1',()=>require('fs').writeFileSync('up.txt',String(process.pid)))"`
    await run(`cd ${folder.path}; ${escapes} & disown; sleep 60`)
    // The file is there before its content: number 0 would be our own whole group.
    const pid = await eventually(() => Number(readFileSync(up, 'utf8')) || null)
    const own = await startBox({
      ...launch,
      socket: join(folder.path, 'private', 'own.sock'),
      network: 'own',
    })
    const all = new BoxPortsWatch({ ...place, boxSocket: join(folder.path, 'private', 'own.sock') }, log)
    try {
      await eventually(() => all.ports.some((open) => open.port === port && open.program === 'node'))
      expect(watch.ports.some((open) => open.port === port)).toBe(false)
      expect(await dialPort(place, port)).toBeNull()
    } finally {
      process.kill(pid)
      all.close()
      await own.close()
    }
  })

  test('P-1 a visitor with a wrong secret is turned away, and the runner’s own link stays', async () => {
    await run(echoing('127.0.0.1'))
    const { port } = await listed()

    await expect(dialPort({ ...place, boxSecret: 'wrong' }, port)).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(runner.isReady).toBe(true)
  })

  test('P-1 a box that comes back tells its ports anew', async () => {
    await run(echoing('127.0.0.1'))
    await listed()

    await box.close()
    await eventually(() => watch.ports.length === 0)
    box = await startBox(launch)
    await eventually(() => runner.isReady)
    await run(echoing('127.0.0.1'))

    expect(await listed()).toBeDefined()
  })
})

test('P-1 of the system’s table only what listens on this machine’s own names counts', () => {
  const line = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  0  0 ${inode} 1 0 100 0 0 10 0`
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    line('0100007F:1F90', '0A', 1),
    line('00000000:0050', '0A', 2),
    line('0500A8C0:0051', '0A', 3),
    line('00000000000000000000000001000000:0BB8', '0A', 4),
    line('0000000000000000FFFF00000100007F:0BB9', '0A', 5),
    line('0100007F:1F91', '01', 6),
  ].join('\n')

  expect(parseTable(table)).toEqual([
    { port: 8080, inode: '1' },
    { port: 80, inode: '2' },
    { port: 3000, inode: '4' },
    { port: 3001, inode: '5' },
  ])
})
