// The box's end of the way out: a proxy's address on our own loopback, handed on to the socket that was given to us. Reads nothing.
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import type { BoxLaunch } from '../../protocol/control.ts'

export type Egress = { close(): void }

/** Nothing to do where the box has a network of its own, or ours. */
export async function openEgress({ egress }: BoxLaunch): Promise<Egress> {
  if (egress === undefined) return { close: () => undefined }
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    const outside = connect({ path: egress.socket, allowHalfOpen: true })
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.once('close', () => sockets.delete(one))
      one.pipe(other)
    }
  })
  server.listen(egress.port, '127.0.0.1')
  await once(server, 'listening')
  return {
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
