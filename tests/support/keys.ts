// An installation's keys for tests: a real key set served over HTTP, and tokens of every kind, good and bad.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK } from 'jose'
import { doorAudience, proofText, runnerAudience, tokenIssuer } from '../../protocol/access.ts'
import type { AccessChange, AccessNews, Role } from '../../protocol/access.ts'
import { newDocId, newEpoch, newPersonId, newReplId } from '../../protocol/ids.ts'

export const random = (n: number): Uint8Array => new Uint8Array(randomBytes(n))
export const aReplId = (): string => newReplId(random)
export const aDocId = (): string => newDocId(random)
export const anEpoch = (): string => newEpoch(random)
export const aPersonId = (): string => newPersonId(random)

/** A person of a test, by name. */
export type Somebody = { id: string; name: string }
export const ada: Somebody = { id: 'adaadaadaadaadaa', name: 'Ada' }
export const grace: Somebody = { id: 'gracegracegracea', name: 'Grace' }

/** What a token says; the rest has sensible values. Times in seconds from now. */
export type TokenAsk = {
  repl: string
  who?: Somebody
  role?: Role
  generation?: number
  expiresIn?: number
  audience?: string
  /** Version of the list of members. */
  ver?: number
}

/** Also what relays hear of changed roles. */
export class Keys {
  readonly #pair = generateKeyPairSync('ed25519')
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  readonly #changes: AccessChange[] = []
  readonly #listeners = new Set<ServerResponse>()
  readonly #secret = randomBytes(16).toString('hex')
  url = ''

  /** Serves the key set on loopback. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  /** For a relay's settings. */
  get access(): { url: string; secret: string } {
    return { url: `${this.url}/v1/access`, secret: this.#secret }
  }

  /** How many relays listen. */
  get listening(): number {
    return this.#listeners.size
  }

  /** As the orchestrator does once it is written. */
  change(change: AccessChange): void {
    this.#changes.push(change)
    for (const listener of this.#listeners) tell(listener, { told: 'change', change })
  }

  /** Ends the streams, as a restart of the orchestrator does. */
  dropListeners(): void {
    for (const listener of this.#listeners) listener.destroy()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/access') return this.#stream(request, response)
    const jwk = await exportJWK(this.#pair.publicKey)
    response.end(JSON.stringify({ keys: [{ ...jwk, kid: 'test', alg: 'EdDSA', use: 'sig' }] }))
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    if (request.headers.authorization !== `Bearer ${this.#secret}`) return void response.writeHead(401).end()
    this.#listeners.add(response)
    response.on('close', () => this.#listeners.delete(response))
    tell(response, { told: 'all', changes: this.#changes })
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** A person's token for a repl's doors. */
  token(ask: TokenAsk): Promise<string> {
    const who = ask.who ?? ada
    return this.sign(
      {
        name: who.name,
        repl: ask.repl,
        role: ask.role ?? 'editor',
        gen: ask.generation ?? 1,
        ver: ask.ver ?? 0,
      },
      { sub: who.id, audience: ask.audience ?? doorAudience, expiresIn: ask.expiresIn ?? 600 },
    )
  }

  sign(
    claims: Record<string, unknown>,
    of: { sub?: string; audience: string; expiresIn: number; key?: KeyObject },
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const jwt = new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
      .setIssuer(tokenIssuer)
      .setAudience(of.audience)
      .setIssuedAt(Math.min(now, now + of.expiresIn))
      .setExpirationTime(now + of.expiresIn)
    return (of.sub === undefined ? jwt : jwt.setSubject(of.sub)).sign(of.key ?? this.#pair.privateKey)
  }

  /** A session's own key with its certificate. */
  async session(repl: string, generation: number): Promise<SessionKey> {
    const pair = generateKeyPairSync('ed25519')
    const key = pair.publicKey.export({ format: 'jwk' }).x
    const certificate = await this.sign(
      { repl, gen: generation, key },
      { audience: runnerAudience, expiresIn: 3600 },
    )
    return { certificate, privateKey: pair.privateKey, publicKey: String(key), repl, generation }
  }
}

export type SessionKey = {
  certificate: string
  privateKey: KeyObject
  publicKey: string
  repl: string
  generation: number
}

/** The signature a runner gives over `nonce`. */
export function proofOf(session: SessionKey, nonce: string): string {
  return sign(null, Buffer.from(proofText({ ...session, nonce })), session.privateKey).toString('base64url')
}

function tell(response: ServerResponse, news: AccessNews): void {
  response.write(`${JSON.stringify(news)}\n`)
}
