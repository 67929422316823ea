// Edit to peer: one types, another sees it; through relay and runner of the product, against a bare relay behind the same front door.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import WebSocket from 'ws'
import { root } from '../../scripts/build.mjs'
import { freePort, startProduct } from '../support/product.ts'
import { eventually } from '../support/eventually.ts'
import { Visitor } from '../support/visitor.ts'
import { quantile, sleep } from './figures.ts'
import type { Line } from './figures.ts'
import { startWsRelay } from './floors/ws-relay.ts'

const warmups = 50
const samples = 400
/** Milliseconds between edits: 50 a second. */
const spacing = 20

/** Milliseconds from each edit of `write` until `seen` is called. */
async function rhythm(write: (i: number) => void, onSeen: (listener: () => void) => void): Promise<number[]> {
  const times: number[] = []
  let began = 0
  let arrived: (() => void) | null = null
  onSeen(() => {
    if (times.length < warmups + samples && arrived) times.push(performance.now() - began)
    arrived?.()
  })
  for (let i = 0; i < warmups + samples; i++) {
    const seen = new Promise<void>((resolve) => (arrived = resolve))
    began = performance.now()
    write(i)
    await seen
    arrived = null
    await sleep(spacing)
  }
  return times.slice(warmups)
}

async function ours(): Promise<number[]> {
  const product = await startProduct()
  const owner = await Visitor.arrive(product.link)
  const repl = await owner.create('bench', 'python')
  const ada = await owner.start(repl.id)
  const grace = await owner.enter(repl.id)
  const writer = await ada.edit('main.py')
  const reader = await grace.edit('main.py')
  const times = await rhythm(
    () => writer.text.insert(0, 'x'),
    (listener) => reader.doc.on('update', listener),
  )
  ada.leave()
  grace.leave()
  await product.stop()
  product.clean()
  return times
}

/** A front door of the product with the bare relay where the collab-server would be. */
async function floor(): Promise<number[]> {
  const relay = await startWsRelay()
  const port = await freePort()
  const door = spawn(process.execPath, [join(root, 'build/programs/front-door.js')], {
    env: {
      ...process.env,
      DEVEX_PORT: String(port),
      DEVEX_APP_URL: 'http://127.0.0.1:9',
      DEVEX_COLLAB_URL: `http://127.0.0.1:${relay.port}`,
      DEVEX_ROUTES: '/nonexistent/routes.json',
      DEVEX_LOG: 'silent',
    },
    stdio: 'ignore',
  })
  const join2 = (): Promise<WebSocket> => eventually(() => open(`ws://127.0.0.1:${port}/collab/a/b/c`))
  const writer = await join2()
  const reader = await join2()
  const frame = new Uint8Array(40)
  const times = await rhythm(
    () => writer.send(frame),
    (listener) => reader.on('message', listener),
  )
  writer.terminate()
  reader.terminate()
  door.kill()
  await relay.close()
  return times
}

function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('error', reject)
  })
}

export async function measureCollab(): Promise<Line[]> {
  const floorTimes = await floor()
  const times = await ours()
  return [
    {
      name: 'edit to peer, p50',
      value: quantile(times, 0.5),
      unit: 'ms',
      floor: quantile(floorTimes, 0.5),
      target: 3,
    },
    {
      name: 'edit to peer, p99',
      value: quantile(times, 0.99),
      unit: 'ms',
      floor: quantile(floorTimes, 0.99),
      target: 5,
    },
  ]
}
