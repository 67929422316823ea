// Listens on the ports that lead to one preview each, as the route table says; what comes there is the front door's own server's.
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from 'pino'
import type { Routes } from './routes.ts'

/** Milliseconds between looks at the table: a person waits for the first answer of a new port. */
const lookMs = 150

export type PreviewListeners = { close(): void }

export function listenForPreviews(
  { host, routes, log }: { host: string; routes: Routes; log: Logger },
  take: (socket: Socket) => void,
): PreviewListeners {
  const open = new Map<number, Server>()
  const begin = (port: number) => {
    const server = createServer(take)
    open.set(port, server)
    server.once('error', (err) => {
      log.warn({ err, port }, 'a port of a preview cannot be listened on')
      open.delete(port)
    })
    server.listen(port, host)
  }
  const look = () => {
    const wanted = new Set(routes.ports())
    for (const [port, server] of open) {
      if (wanted.has(port)) continue
      server.close()
      open.delete(port)
    }
    for (const port of wanted) if (!open.has(port)) begin(port)
  }
  look()
  const timer = setInterval(look, lookMs)
  return {
    close: () => {
      clearInterval(timer)
      for (const server of open.values()) server.close()
    },
  }
}
