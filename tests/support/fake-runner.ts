// Test part: a running repl for the workbench: the real relay, and a runner whose tree and terminals are in memory. Never shipped.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server as SocketServer } from 'socket.io'
import { startCollabServer } from '../../collab-server/start.ts'
import type { DoorClaims, Role } from '../../protocol/access.ts'
import type { Doors } from '../../protocol/repl.ts'
import { FakeTerminals } from './fake-terminals.ts'
import { FakeTree } from './fake-tree.ts'
import { ada, aReplId, Keys, proofOf, type Somebody } from './keys.ts'
import { LinkRunner } from './link-runner.ts'

export type FakeSession = Awaited<ReturnType<typeof startFakeSession>>
export type Visit = { who: Somebody; role: Role; ver?: number }

/** `pages` answers what is not a door, for example a development server. */
export type FakeOptions = { visitOf?: (request: IncomingMessage) => Visit }

/** A repl that runs: `doors()` as the API would answer them, and the test's hand on everything behind. */
export async function startFakeSession(options: FakeOptions = {}) {
  const keys = await new Keys().start()
  const repl = aReplId()
  const session = await keys.session(repl, 1)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const relay = await startCollabServer({
    build: 'test',
    port: 0,
    keysUrl: keys.url,
    access: keys.access,
    origins: new Set([origin]),
    logLevel: 'silent',
  })
  const runner = await new LinkRunner().connect(`ws://127.0.0.1:${relay.port}`, session)
  const io = new SocketServer(server, {
    path: `/r/${repl}/live`,
    transports: ['websocket'],
    destroyUpgrade: false,
  })
  for (const name of ['/tree', '/terminal']) {
    io.of(name).use((socket, next) => {
      // The relay checks tokens for real; here the claims are only read.
      const [, claims = ''] = String(socket.handshake.auth['token'] ?? '').split('.')
      socket.data = JSON.parse(Buffer.from(claims, 'base64url').toString() || '{}') as DoorClaims
      next()
    })
  }
  const tree = new FakeTree(io.of('/tree'), runner)
  const terminals = new FakeTerminals(io.of('/terminal'))
  const hand = {
    /** Signs a lie instead of the nonce. */
    proofIsWrong: false,
    /** Refuses doors: the repl does not run. */
    isStopped: false,
  }
  const doors = async (visit: Visit = { who: ada, role: 'owner' }): Promise<Doors> => ({
    repl,
    generation: 1,
    collab: `ws://127.0.0.1:${relay.port}/collab`,
    runner: `${origin}/r/${repl}`,
    runnerKey: session.publicKey,
    level: 'process',
    token: await keys.token({ repl, ...visit }),
    role: visit.role,
    expiresAt: Date.now() + 600_000,
    person: { ...visit.who, admin: false },
  })
  const rest: { answer: ((request: IncomingMessage, response: ServerResponse) => void) | null } = {
    answer: null,
  }
  server.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', origin)
    if (url.pathname.startsWith(`/r/${repl}/live`)) return
    const json = (status: number, body: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (url.pathname === `/r/${repl}/prove`) {
      const nonce = url.searchParams.get('nonce') ?? ''
      return json(200, {
        repl,
        generation: 1,
        signature: proofOf(session, hand.proofIsWrong ? `${nonce.slice(1)}x` : nonce),
      })
    }
    if (url.pathname === `/repl/${repl}/doors`) {
      if (hand.isStopped) return json(409, { error: { code: 'not-running', say: 'This REPL is stopped.' } })
      return void doors(options.visitOf?.(request)).then((found) => json(200, { doors: found }))
    }
    if (url.pathname === '/templates') return json(200, { templates: [] })
    if (rest.answer) rest.answer(request, response)
    else response.writeHead(404).end()
  })
  return {
    repl,
    origin,
    server,
    keys,
    relay,
    runner,
    session,
    io,
    tree,
    terminals,
    hand,
    doors,
    rest,
    close: () =>
      closeAll(server, async () => {
        runner.kill()
        await io.close()
        await relay.close()
        await keys.stop()
      }),
  }
}

async function closeAll(server: Server, others: () => Promise<void>): Promise<void> {
  await others()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
