// A relay in small for tests of the runner's link: a real ws server whose every frame the test decides and sees.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import { WebSocketServer, type WebSocket } from 'ws'
import * as Y from 'yjs'
import { decodeFrame, encodeFrame } from '../../../protocol/frames.ts'
import { RunnerToRelay, type RelayToRunner } from '../../../protocol/link.ts'

type Seen = { message: RunnerToRelay; payload: Uint8Array }

export class FakeRelay {
  readonly seen: Seen[] = []
  readonly nonces: string[] = []
  /** Subprotocols of every dial. */
  readonly dials: string[][] = []
  /** False: `freeze` stays without an answer. */
  answersFreeze = true
  readonly #server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: () => 'devex.link.v1',
  })
  #socket: WebSocket | null = null
  #n = 0

  async start(): Promise<this> {
    this.#server.on('connection', (socket, request) => {
      this.dials.push(String(request.headers['sec-websocket-protocol']).split(/, */))
      this.#socket = socket
      socket.on('message', (data: Buffer) => this.#take(data))
      const nonce = randomBytes(24).toString('base64url')
      this.nonces.push(nonce)
      this.send({
        type: 'challenge',
        protocol: 1,
        build: 'test',
        nonce,
        session: `relay-${this.nonces.length}`,
      })
    })
    await once(this.#server, 'listening')
    return this
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  send(message: RelayToRunner, payload?: Uint8Array): void {
    this.#socket?.send(encodeFrame(message, payload))
  }

  sendRaw(bytes: Uint8Array): void {
    this.#socket?.send(bytes)
  }

  /** Breaks the link without a word. */
  cut(): void {
    this.#socket?.terminate()
  }

  last<K extends RunnerToRelay['type']>(type: K): Extract<RunnerToRelay, { type: K }> | undefined {
    const found = this.seen.findLast(({ message }) => message.type === type)?.message
    return found as Extract<RunnerToRelay, { type: K }> | undefined
  }

  all<K extends RunnerToRelay['type']>(type: K): Array<Extract<RunnerToRelay, { type: K }>> {
    const found = this.seen.filter(({ message }) => message.type === type).map(({ message }) => message)
    return found as Array<Extract<RunnerToRelay, { type: K }>>
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate()
    await new Promise((done) => this.#server.close(done))
  }

  /** Joins a room and keeps a page's copy of its document: edits go out with growing numbers. */
  page(room: { doc: string; epoch: string }, author: string): RelayPage {
    return new RelayPage(this, room, author, () => (this.#n += 1))
  }

  #take(data: Uint8Array): void {
    const { header, payload } = decodeFrame(data)
    const message = RunnerToRelay.parse(header)
    this.seen.push({ message, payload: payload.slice() })
    if (message.type === 'freeze' && this.answersFreeze) this.send({ type: 'frozen' })
  }
}

export class RelayPage {
  readonly doc = new Y.Doc()
  readonly sent: Array<{ n: number; update: Uint8Array }> = []
  readonly #relay: FakeRelay
  readonly #room: { doc: string; epoch: string }
  readonly #author: string
  /** What was said before this page came is not for it. */
  #taken: number
  readonly #since: number

  constructor(relay: FakeRelay, room: { doc: string; epoch: string }, author: string, next: () => number) {
    this.#relay = relay
    this.#room = { doc: room.doc, epoch: room.epoch }
    this.#author = author
    this.#taken = this.#since = relay.seen.length
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === relay) return
      this.sent.push({ n: next(), update })
      this.replay(this.sent.length - 1)
    })
    relay.send({ type: 'open', ...this.#room })
  }

  get text(): Y.Text {
    this.catchUp()
    return this.doc.getText('content')
  }

  /** True once the runner has answered the room with its state. */
  get joined(): boolean {
    const since = this.#relay.seen.slice(this.#since)
    return since.some(({ message }) => message.type === 'state' && message.doc === this.#room.doc)
  }

  /** The relay's memory of the past was emptied: goes on from now. */
  moved(): void {
    this.#taken = this.#relay.seen.length
  }

  /** Takes in what the runner has sent for this room. */
  catchUp(): void {
    for (; this.#taken < this.#relay.seen.length; this.#taken += 1) {
      const seen = this.#relay.seen[this.#taken]!
      const { message, payload } = seen
      if (!('doc' in message) || message.doc !== this.#room.doc) continue
      if (message.type === 'state')
        Y.applyUpdate(this.doc, payload.subarray(message.vectorBytes), this.#relay)
      if (message.type === 'update') Y.applyUpdate(this.doc, payload, this.#relay)
    }
  }

  /** Sends frame `index` again, as a relay does that heard no `saved`. */
  replay(index: number): void {
    const { n, update } = this.sent[index]!
    this.#relay.send({ type: 'update', ...this.#room, n, author: this.#author }, update)
  }
}
