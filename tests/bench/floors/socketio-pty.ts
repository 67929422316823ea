// Floor of the terminal figures: a bare socket.io server that joins every page to one node-pty, first bytes at once, then at
// most one message per 5 ms; no roles, no rings, no box, no runner. On a unix socket, so that the front door can stand before it.
import { createServer } from 'node:http'
import { spawn } from '@lydell/node-pty'
import { Server } from 'socket.io'

const batchMs = 5

export type PtyFloor = { close(): Promise<void> }

/** Listens on `socket`; pages find it at socket.io path `path`, namespace `/terminal`. */
export async function startSocketioPty(at: { socket: string; path: string }): Promise<PtyFloor> {
  const server = createServer()
  const io = new Server(server, {
    path: at.path,
    transports: ['websocket'],
    perMessageDeflate: false,
    serveClient: false,
  })
  const pty = spawn('/bin/bash', ['--norc', '--noprofile'], {
    encoding: null,
    cols: 80,
    rows: 24,
    cwd: '/tmp',
  })
  const pages = io.of('/terminal')
  const out = leadFirst((bytes) => pages.emit('out', bytes))
  // With `encoding: null` the data are bytes, whatever the type says.
  pty.onData((data) => out(data as unknown as Buffer))
  pages.on('connection', (page) => {
    page.on('in', (bytes: Buffer) => pty.write(bytes.toString('latin1')))
  })
  await new Promise<void>((resolve) => server.listen(at.socket, resolve))
  return {
    close: async () => {
      pty.kill('SIGKILL')
      await io.close()
    },
  }
}

function leadFirst(send: (bytes: Buffer) => void): (bytes: Buffer) => void {
  let waiting: Buffer[] = []
  let timer: NodeJS.Timeout | undefined
  let sentAt = 0
  const flush = (): void => {
    timer = undefined
    sentAt = performance.now()
    send(Buffer.concat(waiting))
    waiting = []
  }
  return (bytes) => {
    waiting.push(bytes)
    const since = performance.now() - sentAt
    if (since >= batchMs) flush()
    else timer ??= setTimeout(flush, batchMs - since)
  }
}
