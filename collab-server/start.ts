// Puts a collab-server together and takes it down again: HTTP server, upgrades, meetings, the once-a-second tick.
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { WebSocketServer } from 'ws'
import { limits } from '../protocol/limits.ts'
import { logLines } from '../protocol/log-lines.ts'
import { keySet } from './access.ts'
import type { CollabConfig } from './config.ts'
import { Meeting } from './meeting.ts'
import { Meetings } from './meetings.ts'
import { Standing } from './standing.ts'
import { upgradeDoor } from './upgrade.ts'

/** Milliseconds that peers get to take the reason of a close. */
const lastWordsMs = 1000

export type CollabServer = { port: number; close(): Promise<void> }

export async function startCollabServer(config: CollabConfig): Promise<CollabServer> {
  const log = pino(
    { level: config.logLevel, base: { process: 'collab-server' } },
    logLines((bytes) => writeSync(1, bytes)),
  )
  const meetings = new Meetings((repl) => new Meeting(repl, log))
  const changed = meetings.changed.bind(meetings)
  const standing = new Standing({ ...config.access, changed, log })
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.collabFrameBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.values().next().value ?? false,
  })
  const server = createServer((request, response) => {
    response.writeHead(request.url === '/healthz' ? 200 : 404, { 'content-type': 'text/plain' }).end()
  })
  const keys = keySet(config.keysUrl)
  const session = randomUUID()
  server.on('upgrade', upgradeDoor({ config, meetings, sockets, standing, keys, log, session }))
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(config.port, config.host ?? '127.0.0.1', resolve),
  )
  const ticking = setInterval(() => meetings.tick(Date.now()), 1000)
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      clearInterval(ticking)
      standing.close()
      meetings.close()
      // Again and again: one may still have been on its way in, waiting for its token to be checked.
      const ending = setInterval(() => {
        for (const socket of sockets.clients) socket.terminate()
        server.closeAllConnections()
      }, lastWordsMs)
      await new Promise((resolve) => server.close(resolve))
      clearInterval(ending)
    },
  }
}
