// A person without a browser: signs in by link or invite, and enters a repl through its doors as a page would.
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { z } from 'zod'
import { bearerPrefix } from '../../protocol/access.ts'
import { Doors, Repl } from '../../protocol/repl.ts'
import { Opened } from '../../protocol/tree.ts'
import type { TreeFromPage, TreeToPage } from '../../protocol/tree.ts'
import type { TerminalFromPage, TerminalToPage } from '../../protocol/terminal.ts'
import { eventually } from './eventually.ts'

export class Visitor {
  readonly #url: string
  readonly #cookie: string

  private constructor(url: string, cookie: string) {
    this.#url = url
    this.#cookie = cookie
  }

  /** Somebody who is signed in already. */
  static with(url: string, cookie: string): Visitor {
    return new Visitor(url, cookie)
  }

  /** Presses the button of a one-time link or of an invite (`name` for a guest). */
  static async arrive(link: string, fields: Record<string, string> = {}): Promise<Visitor> {
    const { origin } = new URL(link)
    const answer = await fetch(link, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields),
    })
    const cookie = answer.headers
      .getSetCookie()
      .map((one) => one.split(';')[0])
      .join('; ')
    if (cookie === '')
      throw new Error(`no cookie from ${link}: ${answer.status} ${(await answer.text()).slice(0, 500)}`)
    return new Visitor(origin, cookie)
  }

  /** A POST as any page could send it, refused or not; `headers` replace ours. */
  send(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#url + path, {
      method: 'POST',
      headers: { origin: this.#url, cookie: this.#cookie, 'content-type': 'application/json', ...headers },
      body,
    })
  }

  async post(path: string, body: unknown = {}): Promise<unknown> {
    const answer = await this.send(path, JSON.stringify(body))
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`)
    return JSON.parse(text)
  }

  async create(name: string, template: string): Promise<Repl> {
    return z.object({ repl: Repl }).parse(await this.post('/repls', { name, template })).repl
  }

  /** All repls this person sees. */
  async repls(): Promise<Repl[]> {
    const answer = await fetch(`${this.#url}/repls`, { headers: { cookie: this.#cookie } })
    return z.object({ repls: z.array(Repl) }).parse(await answer.json()).repls
  }

  /** Presses start and comes in as soon as a page would: when it is told that the repl has changed. */
  async start(repl: string, ms = 30_000): Promise<Inhabitant> {
    const leaving = new AbortController()
    const late = setTimeout(() => leaving.abort(), ms)
    try {
      const answer = await fetch(`${this.#url}/repl/${repl}/progress`, {
        headers: { cookie: this.#cookie },
        signal: leaving.signal,
      })
      await this.post(`/repl/${repl}/start`)
      const text = new TextDecoder()
      for await (const piece of answer.body ?? []) {
        if (!text.decode(piece, { stream: true }).includes('"RUNNING"')) continue
        const inside = await this.enter(repl).catch(() => null)
        if (inside !== null) return inside
      }
      // The stream has ended: a server is being started again.
      return await eventually(() => this.enter(repl), ms)
    } finally {
      clearTimeout(late)
      leaving.abort()
    }
  }

  async enter(repl: string): Promise<Inhabitant> {
    const { doors } = z.object({ doors: Doors }).parse(await this.post(`/repl/${repl}/doors`))
    return new Inhabitant(doors)
  }

  async invite(repl: string, role: 'editor' | 'viewer'): Promise<string> {
    return z.object({ url: z.string() }).parse(await this.post(`/repl/${repl}/invites`, { role })).url
  }
}

type LiveSocket<ToPage, FromPage> = Socket<
  ToPage & Record<string, (...args: never[]) => void>,
  FromPage & Record<string, (...args: never[]) => void>
>

/** Somebody inside a running repl, with the sockets a page would have. */
export class Inhabitant {
  readonly doors: Doors
  readonly #closers: Array<() => void> = []

  constructor(doors: Doors) {
    this.doors = doors
  }

  #socket(namespace: string): Socket {
    const { origin, pathname } = new URL(this.doors.runner)
    const socket = io(`${origin}/${namespace}`, {
      path: `${pathname}/live`,
      transports: ['websocket'],
      auth: { token: this.doors.token },
      forceNew: true,
      extraHeaders: { origin },
    })
    this.#closers.push(() => socket.close())
    return socket
  }

  tree(): LiveSocket<TreeToPage, TreeFromPage> {
    return this.#socket('tree') as LiveSocket<TreeToPage, TreeFromPage>
  }

  terminals(): LiveSocket<TerminalToPage, TerminalFromPage> {
    return this.#socket('terminal') as LiveSocket<TerminalToPage, TerminalFromPage>
  }

  /** Opens a text file and joins its room with a stock y-websocket client. */
  async edit(path: string): Promise<{ doc: Y.Doc; text: Y.Text; provider: WebsocketProvider }> {
    const answer: unknown = await this.tree()
      .timeout(10_000)
      .emitWithAck('open', { path } as never)
    const { opened } = z.object({ ok: z.literal(true), opened: Opened }).parse(answer)
    if (opened.kind !== 'text') throw new Error(`${path} is ${opened.kind}`)
    const doc = new Y.Doc()
    const provider = new WebsocketProvider(
      this.doors.collab,
      `${this.doors.repl}/${opened.doc}/${opened.epoch}`,
      doc,
      {
        WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
        protocols: [bearerPrefix + this.doors.token],
        disableBc: true,
      },
    )
    this.#closers.push(() => provider.destroy())
    const story: string[] = []
    provider.on('status', ({ status }) => story.push(status))
    provider.on('connection-close', (event) => story.push(`closed ${event?.code} ${event?.reason}`))
    await eventually(() => provider.synced).catch(() => {
      throw new Error(`the room of ${path} did not come: ${story.join(', ')}`)
    })
    return { doc, text: doc.getText('content'), provider }
  }

  leave(): void {
    for (const close of this.#closers.splice(0)) close()
  }
}
