// The way out for boxes without a network of their own: an HTTP proxy on a socket that reaches the internet and nothing nearer.
import { lookup } from 'node:dns/promises'
import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BlockList, connect, isIPv4, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { ownAddresses, refusedNetworks } from './egress.ts'

/** Connections at once, of all boxes together. */
const mostConnections = 512
/** A connection without a byte for this long is cut. */
const idleMs = 300_000
/** Who listens answers within this, or does not. */
const dialMs = 10_000

export type Proxy = { close(): Promise<void> }
export type ProxyParts = {
  /** Path of the socket; its folder is all that a box sees of it. */
  socket: string
  /** True for an address that may be dialled; the internet's, unless a test says otherwise. */
  mayReach?: (address: string) => boolean
  log: Logger
}

export async function startProxy(parts: ProxyParts): Promise<Proxy> {
  // What a box asks for, and what it is answered, is never a reason for us to end.
  const server = createServer((req, res) => {
    forward(parts, req, res).catch((fault: unknown) => {
      parts.log.warn({ err: fault }, 'a request of a box could not be handed on')
      unanswered(res)
    })
  })
  server.on('connect', (req, socket: Duplex, head: Buffer) => {
    tunnel(parts, { req, socket, head }).catch((fault: unknown) => {
      parts.log.warn({ err: fault }, 'a connection of a box could not be made')
      socket.destroy()
    })
  })
  server.on('clientError', (_fault, socket) => socket.destroy())
  server.maxConnections = mostConnections
  server.setTimeout(idleMs)
  await listen(server, parts.socket)
  const sockets = new Set<Duplex>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()))
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(parts.socket, { force: true })
    },
  }
}

/** Boxes run as somebody else: whoever can enter a folder that holds it may dial it. */
async function listen(server: Server, socket: string): Promise<void> {
  await mkdir(dirname(socket), { recursive: true })
  await chmod(dirname(socket), 0o755)
  await rm(socket, { force: true })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(socket, listening)
  })
  await chmod(socket, 0o666)
}

/** Everything but this machine, private and reserved networks, and metadata. IPv6 is not dialled at all. */
export function isInternet(address: string): boolean {
  if (!isIPv4(address)) return false
  const near = new BlockList()
  for (const network of refusedNetworks) {
    const [base = '', bits = '32'] = network.split('/')
    near.addSubnet(base, Number(bits))
  }
  for (const own of ownAddresses()) near.addAddress(own)
  return !near.check(address)
}

/** Looked up once, and that very address is dialled: a name cannot mean another one the next time. Null when it may not be. */
async function addressOf({ mayReach = isInternet }: ProxyParts, host: string): Promise<string | null> {
  const found = isIPv4(host)
    ? [{ address: host }]
    : await lookup(host, { all: true, family: 4 }).catch(() => [])
  return found.map(({ address }) => address).find((address) => mayReach(address)) ?? null
}

type Tunnel = { req: IncomingMessage; socket: Duplex; head: Buffer }

async function tunnel(parts: ProxyParts, { req, socket, head }: Tunnel): Promise<void> {
  socket.on('error', () => socket.destroy())
  const [, host = '', port = ''] = /^([^:\s]+):(\d+)$/.exec(req.url ?? '') ?? []
  if (!isPort(Number(port)))
    return void socket.end(
      'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\r\nSay HOST:PORT, with a port from 1 to 65535.\n',
    )
  const address = await addressOf(parts, host)
  if (socket.destroyed) return
  if (address === null)
    return void socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\n\r\n${refusal(host)}`)
  const out = connect({ host: address, port: Number(port), timeout: dialMs })
  out.once('timeout', () => out.destroy())
  out.once('connect', () => {
    out.setTimeout(idleMs)
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    out.write(head)
    out.pipe(socket).pipe(out)
  })
  out.on('error', () => socket.destroy())
  out.on('close', () => socket.destroy())
  socket.on('close', () => out.destroy())
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535
}

/** A plain request, whose target is a whole address. */
async function forward(parts: ProxyParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const target = URL.canParse(req.url ?? '') ? new URL(req.url ?? '') : null
  const address = target?.protocol === 'http:' ? await addressOf(parts, target.hostname) : null
  if (res.destroyed) return
  if (target === null || address === null)
    return void res.writeHead(403, { 'content-type': 'text/plain' }).end(refusal(target?.hostname ?? 'this'))
  const { 'proxy-connection': _hop, 'proxy-authorization': _secret, ...headers } = req.headers
  const out = request({
    host: address,
    port: target.port === '' ? 80 : target.port,
    method: req.method,
    path: target.pathname + target.search,
    headers: { ...headers, host: target.host },
    timeout: idleMs,
  })
  out.on('response', (answer) => {
    if (!headedLike(answer, res)) out.destroy()
    else answer.pipe(res)
  })
  out.on('error', () => unanswered(res))
  res.on('close', () => out.destroy())
  req.pipe(out)
}

/** False, and answered, when the answer's head is none that can be handed on: servers say what they like. */
function headedLike(answer: IncomingMessage, res: ServerResponse): boolean {
  try {
    res.writeHead(answer.statusCode ?? 0, answer.headers)
    return true
  } catch {
    unanswered(res)
    return false
  }
}

function unanswered(res: ServerResponse): void {
  if (res.headersSent) res.destroy()
  else res.writeHead(502).end('No answer.\n')
}

function refusal(host: string): string {
  return `${host} is not on the internet, or cannot be found. From here only the internet can be reached.\n`
}
