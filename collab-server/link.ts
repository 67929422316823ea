// The relay's end of a runner's link: proves the runner, then passes frames between it and its repl's rooms.
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import type { RunnerClaims } from '../protocol/access.ts'
import { closeCode } from '../protocol/document.ts'
import { AppError } from '../protocol/errors.ts'
import { decodeFrame, encodeFrame } from '../protocol/frames.ts'
import { protocolVersion, speaks } from '../protocol/hello.ts'
import { RunnerToRelay } from '../protocol/link.ts'
import type { RelayToRunner } from '../protocol/link.ts'
import { isProven } from './access.ts'

/** Milliseconds that a runner has for its proof: it answers at once, and what says nothing must not stay for ever. */
export const proofMs = 15_000

/** What a repl's meeting does with a link. */
export type LinkEvents = {
  /** Highest generation that has been attached. */
  readonly generation: number
  attached(link: Link): void
  detached(link: Link): void
  message(message: RunnerToRelay, payload: Uint8Array): void
}

export class Link {
  readonly claims: RunnerClaims
  readonly #socket: WebSocket
  readonly #meeting: () => LinkEvents
  readonly #log: Logger
  readonly #nonce = randomBytes(24).toString('base64url')
  /** Set once the runner has proven itself. */
  #events: LinkEvents | null = null
  readonly #tooLate: NodeJS.Timeout
  /** What the runner said of its log. */
  alarm: string | null = null

  constructor(
    socket: WebSocket,
    deps: {
      claims: RunnerClaims
      /** Asked once it is proven: a meeting in which nobody is yet may be forgotten until then. */
      meeting: () => LinkEvents
      log: Logger
      hello: { build: string; session: string }
    },
  ) {
    this.#socket = socket
    this.claims = deps.claims
    this.#meeting = deps.meeting
    this.#log = deps.log
    socket.on('message', (data: Buffer) => this.#receive(data))
    socket.on('close', () => this.#closed())
    this.#tooLate = setTimeout(() => this.#unproven(), proofMs)
    this.send({ type: 'challenge', protocol: protocolVersion, nonce: this.#nonce, ...deps.hello })
  }

  send(message: RelayToRunner, payload?: Uint8Array): boolean {
    if (this.#socket.readyState !== this.#socket.OPEN) return false
    this.#socket.send(encodeFrame(message, payload))
    return true
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  #unproven(): void {
    this.#log.warn('a runner did not prove itself in time')
    this.close(closeCode.badToken, 'The runner did not prove itself in time.')
  }

  #closed(): void {
    clearTimeout(this.#tooLate)
    this.#events?.detached(this)
  }

  #receive(data: Uint8Array): void {
    try {
      const { header, payload } = decodeFrame(data)
      const message = RunnerToRelay.parse(header)
      if (this.#events) this.#events.message(message, payload)
      else this.#prove(message)
    } catch (fault) {
      this.#log.warn({ fault: String(fault).slice(0, 300) }, 'link refused')
      this.close(closeCode.badFrame, 'This frame could not be read.')
    }
  }

  #prove(message: RunnerToRelay): void {
    if (message.type !== 'hello')
      throw new AppError('bad-token', { say: 'The runner has not proven itself.' })
    if (!speaks(message.protocol))
      throw new AppError('bad-input', { say: `Protocol ${message.protocol} is not spoken here.` })
    if (!isProven(this.claims, { nonce: this.#nonce, signature: message.signature })) {
      this.#log.warn('a runner failed its proof')
      return this.close(closeCode.badToken, 'The proof is wrong.')
    }
    const events = this.#meeting()
    // Others may have come since the upgrade.
    if (this.claims.gen < events.generation)
      return this.close(closeCode.wrongEpoch, 'A newer session of this REPL is attached.')
    clearTimeout(this.#tooLate)
    this.#events = events
    this.alarm = message.alarm ?? null
    events.attached(this)
  }
}
