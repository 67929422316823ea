// Key to echo in a shared terminal of the product, against a bare socket.io server with a PTY behind the same front door.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { io } from 'socket.io-client'
import { root } from '../../scripts/build.mjs'
import { eventually } from '../support/eventually.ts'
import { freePort, startProduct } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import type { Inhabitant } from '../support/visitor.ts'
import { quantile } from './figures.ts'
import type { Line } from './figures.ts'
import { startSocketioPty } from './floors/socketio-pty.ts'
import { measureEcho } from './terminal/echo.ts'
import type { Keys } from './terminal/echo.ts'

const size = { cols: 80, rows: 24 }

async function ours(): Promise<number[]> {
  const product = await startProduct()
  const owner = await Visitor.arrive(product.link)
  const repl = await owner.create('bench', 'python')
  const ada = await owner.start(repl.id)
  const times = await measureEcho(await keysOf(ada))
  ada.leave()
  await product.stop()
  product.clean()
  return times
}

/** A new terminal of a repl, as its page types in it. */
export async function keysOf(ada: Inhabitant): Promise<Keys> {
  const socket = ada.terminals()
  const terminal = await new Promise<number>((resolve, reject) => {
    socket.emit('open', size, (answer) => {
      if (answer.ok) resolve(answer.terminal)
      else reject(new Error(answer.error.say))
    })
  })
  await new Promise((resolve) => socket.emit('attach', { terminal, ...size }, resolve))
  return {
    type: (text) => void socket.emit('in', { terminal }, Buffer.from(text)),
    onOutput: (listener) => {
      socket.on('out', (_terminal, offset, bytes) => {
        socket.emit('ack', { terminal, offset: offset + bytes.byteLength })
        listener(Buffer.from(bytes).toString('latin1'))
      })
      socket.on('snap', (at, bytes) => {
        socket.emit('ack', { terminal, offset: at.offset })
        listener(Buffer.from(bytes).toString('latin1'))
      })
    },
  }
}

/** A front door of the product with the bare server where the runner would be. */
async function floor(): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'devex-floor-'))
  const repl = 'a'.repeat(20)
  const routes = join(folder, 'routes.json')
  const path = `/r/${repl}/live`
  const bare = await startSocketioPty({ socket: join(folder, 'pty.sock'), path })
  writeFileSync(routes, JSON.stringify({ runners: { [repl]: { socket: join(folder, 'pty.sock') } } }))
  const port = await freePort()
  const door = spawn(process.execPath, [join(root, 'build/programs/front-door.js')], {
    env: {
      ...process.env,
      DEVEX_PORT: String(port),
      DEVEX_APP_URL: 'http://127.0.0.1:9',
      DEVEX_COLLAB_URL: 'http://127.0.0.1:9',
      DEVEX_ROUTES: routes,
      DEVEX_LOG: 'silent',
    },
    stdio: 'ignore',
  })
  const socket = io(`http://127.0.0.1:${port}/terminal`, {
    path,
    transports: ['websocket'],
    reconnectionDelay: 50,
  })
  await eventually(() => socket.connected)
  const times = await measureEcho({
    type: (text) => void socket.emit('in', Buffer.from(text)),
    onOutput: (listener) => void socket.on('out', (bytes: Buffer) => listener(bytes.toString('latin1'))),
  })
  socket.disconnect()
  door.kill()
  await bare.close()
  rmSync(folder, { recursive: true, force: true })
  return times
}

export async function measureTerminal(): Promise<Line[]> {
  const floorTimes = await floor()
  const times = await ours()
  const line = (name: string, q: number, target: number): Line => ({
    name,
    value: quantile(times, q),
    unit: 'ms',
    floor: quantile(floorTimes, q),
    target,
  })
  return [line('terminal echo, p50', 0.5, 3), line('terminal echo, p99', 0.99, 5)]
}
