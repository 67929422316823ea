// Floor of the collaboration figures: a bare ws server that forwards every frame to the others of its path, and nothing else.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

export async function startWsRelay(): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  const rooms = new Map<string, Set<WebSocket>>()
  sockets.on('connection', (socket, request) => {
    const room = rooms.get(request.url ?? '') ?? new Set()
    rooms.set(request.url ?? '', room.add(socket))
    socket.on('message', (data) => {
      for (const peer of room) if (peer !== socket) peer.send(data)
    })
    socket.on('close', () => room.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
