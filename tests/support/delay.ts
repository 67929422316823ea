// A longer way: a TCP proxy on loopback that holds every byte for a while, in order, in both directions.
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** Bytes to `target` and back arrive `ms` later each way; cutting drops every connection at once. */
export async function longWay(
  target: { host: string; port: number },
  ms: number,
): Promise<{ port: number; cut(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target.port, target.host)
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    carry(near, far, ms)
    carry(far, near, ms)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function carry(from: Socket, to: Socket, ms: number): void {
  from.on('data', (bytes) => setTimeout(() => to.writable && to.write(bytes), ms))
  from.on('close', () => setTimeout(() => to.destroy(), ms))
}
