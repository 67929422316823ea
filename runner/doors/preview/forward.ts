// Passes one request or websocket of a preview to the program behind it and back, at the pace of the slower side. Who may is asked before.
import {
  request as ask,
  STATUS_CODES,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import { pipeline, type Duplex } from 'node:stream'
import { framed } from '../../../protocol/hop.ts'
import { toBrowser, toProgram } from './headers.ts'
import type { PreviewSite } from './site.ts'

/** `ancestors`: who may frame it, null = everybody. `stream`: to the program, not flowing yet. */
export type Passage = { site: PreviewSite; stream: Socket; ancestors: readonly string[] | null }

/** `broken` is called when no answer came and none was given. */
export function passRequest(
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage & { broken: () => void },
): void {
  const { site, stream, ancestors, broken } = passage
  const out = ask({
    createConnection: () => stream,
    method: request.method,
    path: request.url,
    // A server that refuses early closes at once when told that this is the last request, and its refusal would be lost.
    headers: { ...framed(request.headers, toProgram(request.headers, site)), connection: 'keep-alive' },
  })
  out.once('socket', () => stream.resume())
  let isAnswered = false
  out.on('response', (answer) => {
    isAnswered = true
    try {
      response.writeHead(answer.statusCode ?? 502, toBrowser(answer.headers, site, ancestors))
    } catch {
      stream.destroy()
      return broken()
    }
    response.flushHeaders()
    pipeline(answer, response, () => stream.destroy())
  })
  out.on('error', () => {
    stream.destroy()
    if (!isAnswered) broken()
  })
  response.on('close', () => out.destroy())
  request.pipe(out)
}

/** `head`: bytes that came with the request's. */
export function passUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  passage: Passage & { head: Buffer },
): void {
  const { site, stream, ancestors, head } = passage
  const out = ask({
    createConnection: () => stream,
    method: 'GET',
    path: request.url,
    headers: { ...toProgram(request.headers, site), connection: 'Upgrade', upgrade: 'websocket' },
  })
  out.once('socket', () => stream.resume())
  socket.once('close', () => stream.destroy())
  out.on('upgrade', (answer, behind, first) => {
    const headers = {
      ...toBrowser(answer.headers, site, ancestors),
      connection: 'Upgrade',
      upgrade: 'websocket',
    }
    socket.write(headOf(101, headers))
    join(socket, behind)
    behind.write(head)
    socket.write(first)
    socket.pipe(behind).pipe(socket)
  })
  out.on('response', (answer) => {
    socket.write(
      headOf(answer.statusCode ?? 502, {
        ...toBrowser(answer.headers, site, ancestors),
        connection: 'close',
      }),
    )
    pipeline(answer, socket, () => stream.destroy())
  })
  out.on('error', () => refuseUpgrade(socket, 502))
  out.end()
}

function join(one: Duplex, other: Duplex): void {
  for (const [side, far] of [
    [one, other],
    [other, one],
  ] as const) {
    side.on('error', () => side.destroy())
    side.once('close', () => far.destroy())
  }
}

export function refuseUpgrade(socket: Duplex, status: number): void {
  if (socket.destroyed) return
  socket.end(headOf(status, { connection: 'close', 'content-length': '0' }))
}

function headOf(status: number, headers: OutgoingHttpHeaders): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one) => `${name}: ${one}`),
  )
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n')
}
