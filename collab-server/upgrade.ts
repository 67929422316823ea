// The way in: judges each upgrade by path, Origin and token, then hands the socket to a room or to a link.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { JWTVerifyGetKey } from 'jose'
import type { Logger } from 'pino'
import type { WebSocket, WebSocketServer } from 'ws'
import type { DoorClaims } from '../protocol/access.ts'
import { closeCode, collabMessage, collabSubprotocol, parseRoomPath } from '../protocol/document.ts'
import type { RoomAddress } from '../protocol/document.ts'
import { AppError, asAppError } from '../protocol/errors.ts'
import { Generation, ReplId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import { bearerOf, personClaims, runnerClaims } from './access.ts'
import type { CollabConfig } from './config.ts'
import { Link } from './link.ts'
import { Peer } from './peer.ts'
import { Flow } from './flow.ts'
import type { Meetings } from './meetings.ts'
import type { Standing } from './standing.ts'
import { decodePeerFrame } from './wire.ts'

export type UpgradeDeps = {
  config: CollabConfig
  meetings: Meetings
  sockets: WebSocketServer
  standing: Standing
  keys: JWTVerifyGetKey
  log: Logger
  session: string
}

type Upgrade = { request: IncomingMessage; socket: Duplex; head: Buffer; protocols: string[] }

export function upgradeDoor(
  deps: UpgradeDeps,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const protocols = String(request.headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/)
    const path = (request.url ?? '').split('?')[0] ?? ''
    const upgrade = { request, socket, head, protocols }
    const { origin } = request.headers
    if (origin !== undefined && !deps.config.origins.has(origin)) return refuse(socket, '403 Forbidden')
    const room = parseRoomPath(path)
    const link = parseLinkPath(path)
    if (room) void admitPeer(deps, upgrade, room)
    else if (link) void admitLink(deps, upgrade, link)
    else refuse(socket, '404 Not Found')
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function parseLinkPath(path: string): { repl: string; generation: number } | null {
  const [, head, repl, generation, ...rest] = path.split('/')
  const parsedRepl = ReplId.safeParse(repl)
  const parsedGeneration = Generation.safeParse(Number(generation))
  if (head !== 'link' || rest.length > 0 || !parsedRepl.success || !parsedGeneration.success) return null
  return { repl: parsedRepl.data, generation: parsedGeneration.data }
}

/** Answers the handshake. Refusals come after it, as close codes: stock clients retry an HTTP status for ever. */
function accept(deps: UpgradeDeps, upgrade: Upgrade, then: (socket: WebSocket) => void): void {
  deps.sockets.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => {
    socket.on('error', (fault) => deps.log.debug({ fault: fault.message }, 'socket fault'))
    then(socket)
  })
}

async function admitPeer(deps: UpgradeDeps, upgrade: Upgrade, room: RoomAddress): Promise<void> {
  const token = bearerOf(upgrade.protocols)
  const read = await claimsOf(deps, { token, repl: room.repl }).catch(asAppError)
  accept(deps, upgrade, (socket) => {
    // Looked at last, in the turn in which the peer is seated: no change falls in between.
    const judged = read instanceof Error ? read : (refusalNow(deps, read) ?? read)
    if (judged instanceof Error) {
      deps.log.info({ repl: room.repl, code: judged.code }, 'peer refused')
      return socket.close(refusalCode(judged), judged.say)
    }
    seat(deps, { socket, room, claims: judged, isOurs: upgrade.protocols.includes(collabSubprotocol) })
  })
}

async function claimsOf(deps: UpgradeDeps, of: { token: string; repl: string }): Promise<DoorClaims> {
  const claims = await personClaims({ ...of, keys: deps.keys })
  await deps.standing.ready()
  return claims
}

/** Why a token that is good by itself is worth nothing now: its person's role has changed, or the session is over. */
function refusalNow(deps: UpgradeDeps, claims: DoorClaims): AppError | null {
  if (claims.gen < deps.meetings.generationOf(claims.repl))
    return new AppError('stale-generation', { say: 'This token is for an earlier session of this REPL.' })
  return deps.standing.refusal(claims)
}

/** A wrong token, and no role any more, are final; what cannot be checked for now is tried again. */
function refusalCode(refusal: AppError): number {
  if (refusal.code === 'unavailable') return closeCode.goingAway
  return refusal.code === 'forbidden' ? closeCode.forbidden : closeCode.badToken
}

/** Joins a socket to its room until it closes or its token ends. */
function seat(
  deps: UpgradeDeps,
  seat: { socket: WebSocket; room: RoomAddress; claims: DoorClaims; isOurs: boolean },
): void {
  const { socket, room } = seat
  const peer = new Peer(socket, seat)
  const place = deps.meetings.of(room.repl).admit(peer, room)
  if (place === null) {
    deps.log.warn({ repl: room.repl, person: peer.claims.sub }, 'a person has too many rooms open')
    return peer.close(closeCode.tooMany, 'You have too many files open here. Close some, in other tabs too.')
  }
  const flow = new Flow(peer)
  let ending = endAt(peer)
  const alive = keepAlive(socket)
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) return peer.close(closeCode.badFrame, 'Frames are binary.')
    flow.count()
    if (data[0] !== collabMessage.token) return place.receive(data)
    void renew(deps, peer, data).then((isOther) => {
      clearTimeout(ending)
      if (socket.readyState === socket.OPEN) ending = endAt(peer)
      return isOther ? place.restand() : undefined
    })
  })
  socket.on('close', () => {
    clearTimeout(ending)
    alive.stop()
    flow.stop()
    place.leave()
  })
}

function endAt(peer: Peer): NodeJS.Timeout {
  const left = (peer.claims.exp + limits.tokenSkewSeconds) * 1000 - Date.now()
  return setTimeout(() => peer.close(closeCode.tokenExpired, 'The token has expired.'), Math.max(0, left))
}

/** A fresh token for a living connection: same person, same repl. True when it brought another role. */
async function renew(deps: UpgradeDeps, peer: Peer, data: Uint8Array): Promise<boolean> {
  try {
    const frame = decodePeerFrame(data, peer)
    if (frame.type !== 'token') return false
    const claims = await claimsOf(deps, { token: frame.token, repl: peer.claims.repl })
    if (claims.sub !== peer.claims.sub) throw new RangeError('another person')
    const outdated = refusalNow(deps, claims)
    if (outdated?.code === 'forbidden') throw outdated
    // Of before a change of the role that holds here already, or of an earlier session: the page brings another.
    if (outdated !== null) return false
    const before = peer.claims.role
    peer.renew(claims)
    return claims.role !== before
  } catch (fault) {
    deps.log.info({ repl: peer.claims.repl, fault: String(fault).slice(0, 200) }, 'renewal refused')
    peer.close(refusalCode(asAppError(fault)), 'This token could not be taken.')
    return false
  }
}

/** A connection that answers no ping for two intervals is half open and is ended. */
const pingMs = 30_000

function keepAlive(socket: WebSocket): { stop(): void } {
  let isAnswered = true
  socket.on('pong', () => {
    isAnswered = true
  })
  const timer = setInterval(() => {
    // A socket that we do not read has its pongs waiting unheard.
    if (socket.isPaused) return
    if (!isAnswered) return socket.terminate()
    isAnswered = false
    if (socket.readyState === socket.OPEN) socket.ping()
  }, pingMs)
  return { stop: () => clearInterval(timer) }
}

async function admitLink(
  deps: UpgradeDeps,
  upgrade: Upgrade,
  at: { repl: string; generation: number },
): Promise<void> {
  const judged = await runnerClaims({ token: bearerOf(upgrade.protocols), ...at, keys: deps.keys }).catch(
    asAppError,
  )
  const log = deps.log.child({ repl: at.repl, generation: at.generation })
  accept(deps, upgrade, (socket) => {
    if (judged instanceof Error) {
      log.warn({ code: judged.code }, 'link refused')
      return socket.close(refusalCode(judged), judged.say)
    }
    if (at.generation < deps.meetings.generationOf(at.repl))
      return socket.close(closeCode.wrongEpoch, 'A newer session of this REPL is attached.')
    const alive = keepAlive(socket)
    socket.on('close', () => alive.stop())
    return new Link(socket, {
      claims: judged,
      meeting: () => deps.meetings.linkEvents(at.repl),
      log,
      hello: { build: deps.config.build, session: deps.session },
    })
  })
}
