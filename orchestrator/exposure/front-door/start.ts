// Starts the front door: one address for everything on one machine; a dumb router that checks no token and stores nothing.
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import pino, { type Logger } from 'pino'
import type { FrontDoorEnv } from '../../../protocol/env.ts'
import { logLines } from '../../../protocol/log-lines.ts'
import { forward } from './forward.ts'
import { finder, type Found } from './find.ts'
import { listenForPreviews } from './preview-listeners.ts'
import { refusals, refuse, refuseUpgrade } from './refusal.ts'
import { routesIn } from './routes.ts'
import { tunnel } from './tunnel.ts'

export type FrontDoor = { url: string; port: number; close(): Promise<void> }

const limits = {
  /** Bytes of all headers of a request: cookies and a token have room, an attack has not. */
  maxHeaderSize: 32 * 1024,
  /** Milliseconds to send all headers. */
  headersTimeout: 15_000,
  /** Uploads take as long as they take; a silent one is ended by `idleMs`. */
  requestTimeout: 0,
  keepAliveTimeout: 30_000,
  /** Milliseconds between looks for those who are late with their headers. */
  connectionsCheckingInterval: 5_000,
}
/** Milliseconds without a byte after which a plain connection is cut; event streams say something more often. */
const idleMs = 300_000
/** Milliseconds that requests under way have to finish at the end. */
const drainMs = 2_000
/** Milliseconds between looks for connections that have finished meanwhile. */
const drainStepMs = 20

export async function startFrontDoor(env: FrontDoorEnv): Promise<FrontDoor> {
  const log = pino(
    { name: 'front-door', level: env.DEVEX_LOG },
    logLines((bytes) => writeSync(1, bytes)),
  )
  const routes = routesIn(env.DEVEX_ROUTES, log)
  const { serve, serveUpgrade, endTunnels } = serving(finder(env, routes), log)
  const server = createServer({ ...limits, noDelay: true }, serve)
  server.setTimeout(idleMs)
  server.on('upgrade', serveUpgrade)
  server.on('clientError', answerGarbage)
  const silent = silentSockets(server)
  server.listen(env.DEVEX_PORT, env.DEVEX_HOST)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the front door listens on no port')
  const more = { host: env.DEVEX_HOST, routes, log }
  const previews = listenForPreviews(more, (socket) => void server.emit('connection', socket))
  log.info({ port: address.port }, 'the front door is open')
  return {
    url: `http://${env.DEVEX_HOST.includes(':') ? `[${env.DEVEX_HOST}]` : env.DEVEX_HOST}:${address.port}`,
    port: address.port,
    close: async () => {
      previews.close()
      endTunnels()
      await drain(server, silent)
    },
  }
}

/** Connections that browsers open ahead of need; node does not count them as idle. */
function silentSockets(server: Server): () => Socket[] {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return () => [...sockets].filter((socket) => socket.bytesRead === 0)
}

/** Takes no new connection, and closes each one once its request is answered; the slowest are cut off in the end. */
async function drain(server: Server, silent: () => Socket[]): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const step = setInterval(() => {
    server.closeIdleConnections()
    for (const socket of silent()) socket.destroy()
  }, drainStepMs)
  const late = setTimeout(() => server.closeAllConnections(), drainMs)
  await closed
  clearInterval(step)
  clearTimeout(late)
}

/** Handlers of requests and upgrades; nothing thrown in one gets further than its own connection. */
function serving(find: (req: IncomingMessage) => Found, log: Logger) {
  const tunnels = new Set<Duplex>()

  const serve = (req: IncomingMessage, res: ServerResponse) => {
    for (const side of [req, res]) side.on('error', () => undefined)
    try {
      const found = find(req)
      if ('code' in found) refuse(req, res, found)
      else forward({ req, res, way: found.way }, found.upstream)
    } catch (err) {
      log.error({ err }, 'a request could not be passed on')
      refuse(req, res, refusals.broken)
    }
  }

  const serveUpgrade = (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    tunnels.add(socket)
    socket.once('close', () => tunnels.delete(socket))
    try {
      const found = isWebsocket(req) ? find(req) : refusals.notWebsocket
      if ('code' in found) refuseUpgrade(socket, found)
      else tunnel({ req, socket, head, way: found.way }, found.upstream)
    } catch (err) {
      log.error({ err }, 'an upgrade could not be passed on')
      refuseUpgrade(socket, refusals.broken)
    }
  }

  const endTunnels = () => {
    for (const socket of tunnels) socket.destroy()
  }
  return { serve, serveUpgrade, endTunnels }
}

function isWebsocket(req: IncomingMessage): boolean {
  return req.method === 'GET' && req.headers.upgrade?.toLowerCase() === 'websocket'
}

/** Bytes that are no HTTP: one short answer if it can still be read, and the end. */
function answerGarbage(fault: Error, socket: Duplex): void {
  const isLong = 'code' in fault && fault.code === 'HPE_HEADER_OVERFLOW'
  socket.on('error', () => socket.destroy())
  if (!socket.writable) return void socket.destroy()
  refuseUpgrade(
    socket,
    isLong
      ? { code: 'too-large', say: 'The headers of this request are too large.', status: 431 }
      : { code: 'bad-input', say: 'This is not HTTP.' },
  )
}
