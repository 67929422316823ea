// Passes one websocket upgrade on and then its bytes both ways, at the pace of the slower side; it reads no frame.
import { type IncomingMessage, type OutgoingHttpHeaders, request, STATUS_CODES } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answerHeaders, requestHeaders } from './headers.ts'
import { endSoon, refusals, refuseUpgrade } from './refusal.ts'
import { isAway, type Upstream } from './upstream.ts'
import type { Way } from './way.ts'

/** `head`: bytes that came with the request's. */
export type Upgrade = { req: IncomingMessage; socket: Duplex; head: Buffer; way: Way }

/** Milliseconds that a server behind us has to answer an upgrade. */
const answerMs = 15_000
/** Milliseconds of silence after which the system asks whether the other side still exists. */
const aliveMs = 30_000

export function tunnel(upgrade: Upgrade, upstream: Upstream): void {
  const { req, socket, way } = upgrade
  const headers = { ...requestHeaders(req, way), connection: 'Upgrade', upgrade: 'websocket' }
  const out = request({ ...upstream, agent: false, method: 'GET', path: req.url, headers })
  const giveUp = () => out.destroy(new Error('no answer to an upgrade'))
  out.setTimeout(answerMs, giveUp)
  const stopWatching = watchLeaving(socket, () => out.destroy())
  out.on('upgrade', (answer, behind, first) => {
    stopWatching()
    out.setTimeout(0)
    socket.write(headOf(101, { ...answerHeaders(answer, way), connection: 'Upgrade', upgrade: 'websocket' }))
    join(socket, behind, { toBehind: upgrade.head, toFront: first })
  })
  out.on('response', (answer) => passRefusal(socket, answer, way))
  out.on('error', (thrown) => refuseUpgrade(socket, isAway(thrown) ? refusals.away : refusals.broken))
  out.end()
}

/** Tells when the page leaves before it has its answer. That is seen only by reading; what it has said early stays unread for later. */
function watchLeaving(socket: Duplex, left: () => void): () => void {
  const peek = () => {
    if (socket.readableLength === 0) socket.read()
  }
  socket.on('readable', peek).once('end', left).once('close', left)
  return () => socket.off('readable', peek).off('end', left).off('close', left)
}

/** Both sides as one: pipes hold back who sends faster than the other reads, and when one side closes so does the other. */
function join(front: Duplex, behind: Duplex, first: { toBehind: Buffer; toFront: Buffer }): void {
  for (const [side, other] of [
    [front, behind],
    [behind, front],
  ] as const) {
    if (side instanceof Socket) side.setTimeout(0).setNoDelay(true).setKeepAlive(true, aliveMs)
    side.on('error', () => side.destroy())
    side.once('close', () => endSoon(other))
  }
  behind.write(first.toBehind)
  front.write(first.toFront)
  front.pipe(behind).pipe(front)
  if (front.destroyed) behind.destroy()
}

/** The server behind says no: its answer goes back as it is, ended by the end of the connection. */
function passRefusal(socket: Duplex, answer: IncomingMessage, way: Way): void {
  const headers = { ...answerHeaders(answer, way), connection: 'close' }
  socket.write(headOf(answer.statusCode ?? 502, headers))
  answer.on('error', () => socket.destroy())
  answer.pipe(socket, { end: false })
  answer.once('end', () => endSoon(socket))
}

function headOf(status: number, headers: OutgoingHttpHeaders): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((one) => `${name}: ${one}`),
  )
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n')
}
