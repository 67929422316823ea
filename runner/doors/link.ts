// The link to the relay: dials out, proves itself, comes back after every break, freezes and thaws editing.
// What its frames do to documents is rooms.ts.
import type { Logger } from 'pino'
import { WebSocket, type RawData } from 'ws'
import { bearerPrefix } from '../../protocol/access.ts'
import type { RunnerLaunch } from '../../protocol/control.ts'
import { decodeFrame, encodeFrame } from '../../protocol/frames.ts'
import { speaks } from '../../protocol/hello.ts'
import { limits } from '../../protocol/limits.ts'
import { linkPath, linkSubprotocol, RelayToRunner } from '../../protocol/link.ts'
import type { Clock } from '../documents/clock.ts'
import type { Documents } from '../documents/documents.ts'
import type { Log } from '../documents/log.ts'
import type { Identity } from '../identity.ts'
import { Rooms, type Send } from './rooms.ts'

/** Milliseconds before the first attempt to come back, doubled up to the second figure, each varied by half. */
const backOff = { first: 100, longest: 5000 }
/** Milliseconds after which a silent relay is given up, and how often it is asked for a sign of life. */
const silence = { ping: 10_000, giveUp: 25_000 }
/** Milliseconds that a freeze waits for a relay that does not answer, and for one that is away. */
const freezeMs = { silent: 5000, away: 1000 }
/** What pages are told of a log that was damaged: what is amiss in it, an operator reads in ours. */
const damageSay =
  'The record of what was typed here was damaged on the disk. Everything that could be read is there: please look over what was typed last.'
/** Header and lengths around the largest update. */
const frameSlack = 64 * 1024

export type LinkDeps = {
  launch: RunnerLaunch
  identity: Identity
  documents: Documents
  log: Log
  clock: Clock
  logger: Logger
}
/** Why editing is held, several at once perhaps: the session stops, our log or the workspace cannot be written. */
export type Hold = 'stopping' | 'log' | 'files'

export class Link {
  readonly #deps: LinkDeps
  readonly #holds = new Map<Hold, string>()
  #socket: WebSocket | null = null
  #rooms: Rooms | null = null
  #ready = false
  #attempts = 0
  #retry: (() => void) | null = null
  #frozen: Array<() => void> = []
  #closed = false
  /** True while a stop is beyond its freeze: what comes now would be acknowledged and not be in the backup. */
  #sealed = false
  /** True once this link has passed over an update: the relay sends it again on another one, and in order only there. */
  #deaf = false

  constructor(deps: LinkDeps) {
    this.#deps = deps
    this.#dial()
  }

  /** True while the relay has us for this session's runner. */
  get ready(): boolean {
    return this.#ready
  }

  /** No edits from now on. Resolves when all that were accepted before are in their documents. */
  async freeze(hold: Hold, say: string): Promise<void> {
    this.#holds.set(hold, say)
    await new Promise<void>((frozen) => {
      const tooLate = this.#deps.clock.after(this.#ready ? freezeMs.silent : freezeMs.away, () => {
        this.#deps.logger.warn(
          'the relay did not freeze in time; what it still holds comes at the next start',
        )
        frozen()
      })
      this.#frozen.push(() => {
        tooLate()
        frozen()
      })
      if (this.#ready) this.#send({ type: 'freeze', say })
    })
    await this.#rooms?.drained()
    if (hold === 'stopping') this.#sealed = this.#holds.has(hold)
  }

  thaw(hold: Hold): void {
    if (!this.#holds.delete(hold)) return
    if (hold === 'stopping') this.#sealed = false
    if (this.#deaf) return this.#socket?.close(1000)
    if (!this.#ready) return
    const [say] = this.#holds.values()
    this.#send(say === undefined ? { type: 'thaw' } : { type: 'freeze', say })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#retry?.()
    for (const done of this.#frozen.splice(0)) done()
    const socket = this.#socket
    if (!socket) return
    await new Promise<void>((gone) => {
      socket.once('close', () => gone())
      socket.close(1000)
      this.#deps.clock.after(500, () => socket.terminate())
    })
  }

  #dial(): void {
    const { launch, identity, logger } = this.#deps
    const socket = new WebSocket(
      `${launch.collabUrl}${linkPath(launch)}`,
      [linkSubprotocol, `${bearerPrefix}${identity.certificate}`],
      { perMessageDeflate: false, maxPayload: limits.collabFrameBytes + frameSlack },
    )
    this.#socket = socket
    const awake = keepAwake(socket)
    socket.on('error', (fault) => logger.debug({ err: fault }, 'the link to the relay failed'))
    socket.on('message', (data, isBinary) => this.#message(socket, isBinary ? bytesOf(data) : null))
    socket.once('close', (code, reason) => {
      clearInterval(awake)
      logger.info({ code, reason: reason.toString() }, 'the link to the relay ended')
      this.#lost()
    })
  }

  #lost(): void {
    this.#ready = false
    this.#deaf = false
    this.#socket = null
    this.#rooms?.close()
    this.#rooms = null
    if (this.#closed) return
    const wait = Math.min(backOff.longest, backOff.first * 2 ** this.#attempts)
    this.#attempts += 1
    this.#retry = this.#deps.clock.after(wait * (0.5 + Math.random()), () => this.#dial())
  }

  #message(socket: WebSocket, frame: Uint8Array | null): void {
    try {
      if (frame === null) throw new TypeError('not a binary frame')
      const { header, payload } = decodeFrame(frame)
      this.#take(RelayToRunner.parse(header), payload)
    } catch (fault) {
      this.#deps.logger.error({ err: fault }, 'a frame of the relay could not be read')
      socket.close(4400, 'unreadable frame')
    }
  }

  #take(message: RelayToRunner, payload: Uint8Array): void {
    if (message.type === 'challenge') return this.#prove(message)
    const rooms = this.#rooms
    if (!rooms) throw new TypeError('a frame before the challenge')
    if (message.type === 'open') rooms.open(message)
    else if (message.type === 'update' && (this.#sealed || this.#deaf)) this.#deaf = true
    else if (message.type === 'update') rooms.update(message, payload)
    else if (message.type === 'empty') rooms.empty(message)
    else for (const frozen of this.#frozen.splice(0)) frozen()
  }

  #prove(challenge: Extract<RelayToRunner, { type: 'challenge' }>): void {
    const { launch, identity, documents, log, logger } = this.#deps
    if (!speaks(challenge.protocol)) throw new TypeError(`the relay speaks protocol ${challenge.protocol}`)
    const { repl, generation, signature } = identity.prove(challenge.nonce)
    const { protocol, build } = launch
    const alarm = log.damage === null ? {} : { alarm: damageSay }
    this.#send({ type: 'hello', protocol, build, repl, generation, signature, ...alarm })
    documents.leaveAll()
    this.#rooms?.close()
    this.#rooms = new Rooms({ documents, log, logger, send: this.#send })
    this.#ready = true
    this.#attempts = 0
    for (const say of this.#holds.values()) this.#send({ type: 'freeze', say })
    logger.info({ relay: challenge.session }, 'joined the relay')
  }

  readonly #send: Send = (header, payload) => {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(encodeFrame(header, payload))
  }
}

/** Ends a socket whose other side is silent, so that a break without a word is noticed. */
function keepAwake(socket: WebSocket): NodeJS.Timeout {
  let heard = Date.now()
  const hear = (): void => void (heard = Date.now())
  socket.on('pong', hear).on('ping', hear).on('message', hear)
  return setInterval(() => {
    if (Date.now() - heard > silence.giveUp) socket.terminate()
    else if (socket.readyState === WebSocket.OPEN) socket.ping()
  }, silence.ping)
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data)
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data
}
