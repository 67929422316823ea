// The live door: the socket.io server of a session, one guard for all its namespaces. What they say is tree.ts and
// terminal.ts; nothing gets that far without a valid token.
import type { Server as HttpServer } from 'node:http'
import type { Logger } from 'pino'
import { Server, type Namespace, type Socket } from 'socket.io'
import { type AccessChange, DoorClaims, type RoleTold } from '../../protocol/access.ts'
import { AppError, asAppError, type WireError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import type { Standing, Tokens } from '../access.ts'
import type { Clock } from '../documents/clock.ts'
import type { Origins } from './origins.ts'

/** Bytes of one message: more than any page should try to send (a 6 MB paste), so that it is refused in words. */
const messageBytes = 8 * 1024 * 1024
/** Events of terminals that change nothing: all that is served while the session stops. The tree's door knows its own. */
const whileStopping = new Set(['attach', 'detach', 'ack'])

export type LiveDeps = {
  repl: string
  tokens: Tokens
  standing: Standing
  origins: Origins
  clock: Clock
  stopping: () => boolean
  logger: Logger
}
export type Live = {
  tree: Namespace
  terminal: Namespace
  ports: Namespace
  /** Holds at once for every socket of this person: another role, or the end. */
  changed(change: AccessChange): void
  close(): Promise<void>
}

/** Each socket that gets through carries `data.claims` (DoorClaims), true at any time: `role` follows changes. */
export function openLive(server: HttpServer, deps: LiveDeps): Live {
  const io = new Server({
    path: `/r/${deps.repl}/live`,
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    destroyUpgrade: false,
    maxHttpBufferSize: messageBytes,
    allowRequest: (request, decide) => {
      const allowed = deps.origins.allows(request)
      if (!allowed)
        deps.logger.info({ origin: request.headers.origin }, 'a page of a foreign origin was refused')
      decide(allowed ? null : 'foreign origin', allowed)
    },
  })
  const guarded = (name: string): Namespace => {
    const namespace = io.of(name)
    namespace.use((socket, go) => void admit(socket, deps).then(go))
    namespace.on('connection', (socket) => watch(socket, deps))
    return namespace
  }
  guarded('/')
  const live = { tree: guarded('/tree'), terminal: guarded('/terminal'), ports: guarded('/ports') }
  io.attach(server)
  const changed = (change: AccessChange): void => {
    for (const namespace of [live.tree, live.terminal, live.ports])
      for (const socket of namespace.sockets.values()) follow(socket, change)
  }
  return { ...live, changed, close: () => closed(io) }
}

/** Brings a socket's claims up to a change of its person's role; one who was removed hears why, and is let go. */
function follow(socket: Socket, change: AccessChange): void {
  const claims = DoorClaims.parse(socket.data.claims)
  if (claims.sub !== change.person || claims.ver >= change.ver) return
  const { role, say, ver } = change
  const told: RoleTold = { role, say }
  if (role !== null) socket.data.claims = { ...claims, role, ver }
  socket.emit('access', told)
  if (role === null) socket.disconnect()
}

/** Nothing when the socket may come in, else why not. */
async function admit(socket: Socket, deps: LiveDeps): Promise<Error | undefined> {
  try {
    const token: unknown = socket.handshake.auth.token
    if (typeof token !== 'string') throw new AppError('bad-token', { say: 'A token is missing.' })
    const claims = await deps.tokens.door(token)
    refuseTooMany(socket, claims.sub)
    socket.data.claims = claims
    return undefined
  } catch (fault) {
    return refusal(fault, deps)
  }
}

/** One person's tabs, or one person's mistake, must not take the sockets of everybody else. */
function refuseTooMany(socket: Socket, person: string): void {
  const open = [...socket.nsp.sockets.values()].filter((other) => ownerOf(other) === person)
  if (open.length < limits.pagesPerPerson) return
  throw new AppError('too-many', {
    say: 'You have this REPL open too often. Close some of its tabs.',
    log: { sub: person, sockets: open.length },
  })
}

const ownerOf = (socket: Socket): string | undefined => DoorClaims.safeParse(socket.data.claims).data?.sub

/** As socket.io passes it on: `connect_error` with our WireError as `data`. */
function refusal(fault: unknown, deps: LiveDeps): Error & { data: WireError } {
  const error = asAppError(fault)
  deps.logger.info({ code: error.code, err: error.cause }, 'a socket was refused')
  return Object.assign(new Error(error.say), { data: error.toWire() })
}

function watch(socket: Socket, deps: LiveDeps): void {
  const claims = DoorClaims.parse(socket.data.claims)
  const { exp } = claims
  // It may have come between the check of its token and now.
  const change = deps.standing.newerThan(claims)
  if (change !== null) follow(socket, change)
  const left = (exp + limits.tokenSkewSeconds) * 1000 - deps.clock.now()
  const callOff = deps.clock.after(Math.max(0, left), () => {
    const expired: WireError = { code: 'expired-token', say: 'Your access has to be renewed.' }
    socket.emit('expired', expired)
    socket.disconnect()
  })
  socket.on('disconnect', callOff)
  socket.on('error', (fault) => deps.logger.warn({ err: fault }, 'a socket failed'))
  socket.use(([event, ...args], next) => {
    if (socket.nsp.name !== '/terminal' || !deps.stopping() || whileStopping.has(String(event))) return next()
    const give: unknown = args.at(-1)
    const error: WireError = {
      code: 'read-only',
      say: 'The session is stopping; nothing can be changed now.',
    }
    if (typeof give === 'function') give({ ok: false, error })
  })
}

/** Ends all sockets; the HTTP server itself is closed by its owner. */
function closed(io: Server): Promise<void> {
  io.disconnectSockets(true)
  io.engine.close()
  return Promise.resolve()
}
