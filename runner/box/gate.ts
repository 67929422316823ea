// The first frame of every connection to a box: a runner's own link goes on to link.ts, a visit for ports or a stream is
// admitted here. Knows neither terminals nor ports.
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { BoxVisit, boxFrameBytes, type BoxPorts, type BoxDialled } from '../../protocol/box.ts'
import type { BoxLaunch } from '../../protocol/control.ts'
import { decodeFrame, encodeStreamFrame } from '../../protocol/frames.ts'
import { speaks } from '../../protocol/hello.ts'
import { sameSecret } from './secret.ts'

/** Milliseconds in which a new connection must say what it is. */
const firstFrameMs = 5000

export type Gate = {
  launch: BoxLaunch
  log: Logger
  /** A connection that begins as a runner's link does; nothing of it was taken. */
  onLink: (socket: Socket) => void
  /** A visit with the right secret. What came behind its frame waits in the socket. */
  onVisit: (socket: Socket, visit: BoxVisit) => void
}

/** Reads until the first frame is whole, puts back what is not its own, and hands the socket on. */
export function admitFirst(socket: Socket, gate: Gate): void {
  let held = Buffer.alloc(0)
  const late = setTimeout(() => socket.destroy(), firstFrameMs)
  const give = (): void => {
    clearTimeout(late)
    socket.off('data', receive)
    socket.pause()
  }
  const receive = (chunk: Buffer): void => {
    held = Buffer.concat([held, chunk])
    if (held.length < 4) return
    const end = 4 + held.readUInt32BE(0)
    if (end > boxFrameBytes) return void socket.destroy()
    if (held.length < end) return
    give()
    const visit = visitIn(held.subarray(4, end))
    socket.unshift(visit === null ? held : held.subarray(end))
    if (visit === null) gate.onLink(socket)
    else if (mayVisit(visit, gate)) gate.onVisit(socket, visit)
    else socket.destroy()
    socket.resume()
  }
  socket.on('data', receive)
  socket.on('error', () => socket.destroy())
  socket.once('close', () => clearTimeout(late))
}

/** What is no visit is for the link to judge. */
function visitIn(frame: Uint8Array): BoxVisit | null {
  try {
    const visit = BoxVisit.safeParse(decodeFrame(frame).header)
    return visit.success ? visit.data : null
  } catch {
    return null
  }
}

function mayVisit(visit: BoxVisit, { launch, log }: Gate): boolean {
  if (speaks(visit.protocol) && sameSecret(visit.secret, launch.secret)) return true
  log.warn({ protocol: visit.protocol, type: visit.type }, 'a visitor was turned away')
  return false
}

/** Sends the answer to a visit. */
export function answerVisit(socket: Socket, answer: BoxPorts | BoxDialled): void {
  if (!socket.destroyed) socket.write(encodeStreamFrame(answer))
}
