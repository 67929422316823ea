// Dials a port of the box for a visitor and joins both ends, each at the pace of the other. Whether it may be dialled is asked before.
import { createConnection, type Socket } from 'node:net'
import { answerVisit } from './gate.ts'

/** In this order: most servers listen on version 4, some (Vite, with its usual name) on version 6 alone. */
const loopbacks = ['127.0.0.1', '::1']
/** Milliseconds for a connection on the machine itself; longer means a full backlog. */
const connectMs = 5000

export async function dialFor(visitor: Socket, port: number): Promise<void> {
  const inner = await firstOf(port)
  if (inner === null || visitor.destroyed) {
    inner?.destroy()
    answerVisit(visitor, { type: 'dialled', outcome: 'closed' })
    return void visitor.end()
  }
  answerVisit(visitor, { type: 'dialled', outcome: 'open' })
  join(visitor, inner)
}

async function firstOf(port: number): Promise<Socket | null> {
  for (const host of loopbacks) {
    const socket = await dial(host, port)
    if (socket !== null) return socket
  }
  return null
}

/** `allowHalfOpen`: a side that has said all may still be answered. */
function dial(host: string, port: number): Promise<Socket | null> {
  return new Promise((done) => {
    const socket = createConnection({ host, port, allowHalfOpen: true, noDelay: true })
    const fail = (): void => {
      socket.destroy()
      done(null)
    }
    socket.setTimeout(connectMs, fail)
    socket.once('error', fail)
    socket.once('connect', () => {
      socket.setTimeout(0)
      socket.off('error', fail)
      done(socket)
    })
  })
}

function join(visitor: Socket, inner: Socket): void {
  for (const [side, other] of [
    [visitor, inner],
    [inner, visitor],
  ] as const) {
    side.on('error', () => side.destroy())
    side.once('close', () => other.destroy())
  }
  visitor.pipe(inner).pipe(visitor)
}
