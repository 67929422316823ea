// Real preview doors in front of real programs, and a browser's jar of cookies, which knows hosts and no ports.
import { once } from 'node:events'
import { request, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import {
  previewOriginHeader,
  previewPortHeader,
  type PreviewRules,
  type TicketClaims,
} from '../../../protocol/preview.ts'
import { createPreviewDoor } from '../../../runner/doors/preview/door.ts'
import { previewLogin } from '../../../runner/doors/preview/login.ts'
import { tempFolder } from '../../support/folders.ts'
import { ada, aReplId } from '../../support/keys.ts'

const ours = 'http://localhost:7070'
const label = 'two-sum-abcdef'

export type Asked = { method?: string; headers?: Record<string, string>; body?: string }
export type Answered = { status: number; headers: IncomingHttpHeaders; body: string }

/** Where one preview is seen, and the way there as the front door would set it. */
export type Place = { origin: string; port: number; socket: string; enter(): string }

/** A door of a repl's own; everything is let go when the test ends. `ports`: what its programs listen on. */
export async function openRepl(ports: readonly number[]): Promise<{
  /** At a host of its own below `localhost`, or at `outer`, a port of the front door. */
  at(port: number, outer?: string): Place
  rules: PreviewRules
  repl: string
}> {
  const folder = await tempFolder()
  const repl = aReplId()
  const tickets = new Map<string, TicketClaims>()
  const rules: PreviewRules = { members: { [ada.id]: 'owner' }, ports: {} }
  const socket = join(folder.path, 'p.sock')
  const door: Server = createPreviewDoor({
    repl,
    origins: [ours],
    login: previewLogin({ repl, privateKey: `of ${repl}` }, Date),
    rules: { now: () => Promise.resolve(rules), fresh: () => Promise.resolve(rules) },
    checkTicket: (ticket) => Promise.resolve(tickets.get(ticket) ?? Promise.reject(new Error('no ticket'))),
    dial: async (port) => {
      if (!ports.includes(port)) return null
      const stream = connect(port, '127.0.0.1')
      await once(stream, 'connect')
      return stream.pause()
    },
    logger: pino({ level: 'silent' }),
  }).listen(socket)
  await once(door, 'listening')
  onTestFinished(async () => {
    door.closeAllConnections()
    door.close()
    await folder.remove()
  })
  const enter = (port: number): string => {
    const jti = `ticket-number-${tickets.size}`
    const iat = Math.floor(Date.now() / 1000)
    tickets.set(jti, { sub: ada.id, repl, gen: 1, port, jti, iat, exp: iat + 60 })
    return `/__devex/enter?ticket=${jti}&to=%2F`
  }
  return {
    rules,
    repl,
    at: (port, outer) => ({
      origin: outer ?? `http://${label}--${port}.localhost:7070`,
      port,
      socket,
      enter: () => enter(port),
    }),
  }
}

type Kept = { value: string; isHidden: boolean }

/** Keeps cookies as browsers do: by host alone, whatever the port. Follows redirects within the places it was told of. */
export class Visitor {
  readonly #jars = new Map<string, Map<string, Kept>>()

  /** What pages at this host's ports can read, as `document.cookie`. */
  script(place: Place): string {
    return [...this.#jar(place)]
      .flatMap(([name, { value, isHidden }]) => (isHidden ? [] : `${name}=${value}`))
      .join('; ')
  }

  /** A page's script sets a cookie. */
  plant(place: Place, name: string, value: string): void {
    if (this.#jar(place).get(name)?.isHidden !== true) this.#jar(place).set(name, { value, isHidden: false })
  }

  names(place: Place): string[] {
    return [...this.#jar(place).keys()].sort()
  }

  /** The Cookie header of its requests. */
  header(place: Place): string {
    return [...this.#jar(place)].map(([name, { value }]) => `${name}=${value}`).join('; ')
  }

  async enter(place: Place): Promise<void> {
    const { status, body } = await this.ask(place, place.enter())
    if (status !== 200) throw new Error(`not let in: ${status} ${body}`)
  }

  async ask(place: Place, path = '/', asked: Asked = {}): Promise<Answered> {
    const response = await this.open(place, path, asked)
    return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) }
  }

  /** The answer's head, its body still coming. */
  async open(
    place: Place,
    path = '/',
    { method = 'GET', headers = {}, body }: Asked = {},
  ): Promise<IncomingMessage> {
    const cookie = this.header(place)
    const out = request({
      socketPath: place.socket,
      path,
      method,
      headers: {
        host: new URL(place.origin).host,
        [previewPortHeader]: String(place.port),
        [previewOriginHeader]: place.origin,
        'x-forwarded-host': new URL(place.origin).host,
        'x-forwarded-proto': new URL(place.origin).protocol.replace(':', ''),
        accept: 'text/html',
        ...(cookie === '' ? {} : { cookie }),
        ...headers,
      },
      agent: false,
    })
    out.end(body)
    const [response] = (await once(out, 'response')) as [IncomingMessage]
    for (const line of response.headers['set-cookie'] ?? []) this.#take(place, line)
    return response
  }

  /** As a browser that follows redirects; fails when one leads away from the place. */
  async follow(place: Place, path: string, asked: Asked = {}): Promise<Answered> {
    const answer = await this.ask(place, path, asked)
    if (answer.status < 300 || answer.status > 399) return answer
    const to = new URL(answer.headers.location ?? '', place.origin + path)
    if (to.origin !== place.origin) throw new Error(`led away to ${to.href}`)
    return this.follow(place, to.pathname + to.search)
  }

  #jar({ origin }: Place): Map<string, Kept> {
    const { hostname } = new URL(origin)
    const known = this.#jars.get(hostname)
    if (known !== undefined) return known
    const jar = new Map<string, Kept>()
    this.#jars.set(hostname, jar)
    return jar
  }

  #take(place: Place, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    const has = (word: RegExp): string | undefined => attributes.find((attribute) => word.test(attribute))
    const isTrusted = new URL(place.origin).hostname.endsWith('localhost')
    if (has(/^secure$/i) && !isTrusted) return
    if (has(/^samesite=none$/i) && !has(/^secure$/i)) return
    const until = has(/^expires=/i)
    const isOver =
      has(/^max-age=(?:0|-\d+)$/i) !== undefined ||
      (until !== undefined && Date.parse(until.slice(8)) < Date.now())
    if (isOver) this.#jar(place).delete(name)
    else this.#jar(place).set(name, { value: pair.slice(at + 1), isHidden: has(/^httponly$/i) !== undefined })
  }
}
