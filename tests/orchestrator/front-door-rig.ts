// A real front door before a real app, relay and runner of the test's own, each on its own port or socket.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket, WebSocketServer } from 'ws'
import { frontDoorExposure } from '../../orchestrator/exposure/front-door/exposure.ts'
import { startFrontDoor } from '../../orchestrator/exposure/front-door/start.ts'

export const repl = 'abcdefghijklmnopqrst'

/** A server behind the door: it keeps what came in and answers as the test says. */
export type Behind = {
  server: Server
  seen: IncomingMessage[]
  sockets: WebSocket[]
  answer: RequestListener
  close(): Promise<void>
}

export async function startBehind(where: string | number, name: string): Promise<Behind> {
  const behind: Behind = {
    server: createServer((req, res) => {
      behind.seen.push(req)
      behind.answer(req, res)
    }),
    seen: [],
    sockets: [],
    answer: (req, res) => {
      res.setHeader('set-cookie', [`${name}=1`, 'session=stolen; Path=/'])
      res.setHeader('x-from', name)
      res.end(`${name} ${req.url}`)
    },
    close: async () => {
      for (const socket of behind.sockets) socket.terminate()
      behind.server.closeAllConnections()
      if (behind.server.listening) await new Promise((resolve) => behind.server.close(resolve))
    },
  }
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('headers', (lines) => lines.push(`Set-Cookie: session=${name}`))
  behind.server.on('upgrade', (req, socket, head) => {
    behind.seen.push(req)
    socket.on('error', () => socket.destroy())
    sockets.handleUpgrade(req, socket, head, (ws) => {
      behind.sockets.push(ws)
      ws.on('error', () => undefined)
      ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }))
    })
  })
  await listening(behind.server.listen(where))
  return behind
}

async function listening(server: Server): Promise<void> {
  if (!server.listening) await once(server, 'listening')
}

export function urlOf({ server }: Behind): string {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

export type DoorRig = Awaited<ReturnType<typeof startDoorRig>>

export async function startDoorRig(origins = '', host = '127.0.0.1') {
  const root = await mkdtemp(join(tmpdir(), 'dvx-fd-'))
  const app = await startBehind(0, 'app')
  const collab = await startBehind(0, 'collab')
  const runner = await startBehind(join(root, 'r.sock'), 'runner')
  const routesFile = join(root, 'run', 'routes.json')
  const door = await startFrontDoor({
    DEVEX_BUILD: 'test',
    DEVEX_LOG: 'silent',
    DEVEX_HOST: host,
    DEVEX_PORT: 0,
    DEVEX_APP_URL: urlOf(app),
    DEVEX_COLLAB_URL: urlOf(collab),
    DEVEX_ORIGINS: origins,
    DEVEX_ROUTES: routesFile,
  })
  const exposure = frontDoorExposure({ routesFile, publicUrl: door.url })
  await exposure.expose(repl, { socket: join(root, 'r.sock') })
  const opened: (WebSocket | Socket)[] = []
  return {
    root,
    app,
    collab,
    runner,
    door,
    exposure,
    routesFile,
    /** An open websocket through the door. */
    async open(path: string, headers: Record<string, string> = {}): Promise<WebSocket> {
      const ws = new WebSocket(door.url.replace('http', 'ws') + path, { headers })
      opened.push(ws)
      ws.on('error', () => undefined)
      await once(ws, 'open')
      return ws
    },
    /** A bare connection to the door that has said `text`. */
    async say(text: string | Buffer): Promise<Socket> {
      const socket = connect(door.port, '127.0.0.1')
      opened.push(socket)
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      socket.write(text)
      return socket
    },
    async close() {
      for (const one of opened) {
        if (one instanceof WebSocket) one.terminate()
        else one.destroy()
      }
      await door.close()
      await Promise.all([app.close(), collab.close(), runner.close()])
      await rm(root, { recursive: true })
    },
  }
}

/** All that comes until the other side ends. */
export async function heard(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (piece) => (text += piece.toString('latin1')))
  socket.on('error', () => undefined)
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return text
}

/** Whether an echo still comes through. */
export async function echoes(ws: WebSocket, text: string): Promise<string> {
  const answer = once(ws, 'message')
  ws.send(text)
  return String((await answer)[0])
}
