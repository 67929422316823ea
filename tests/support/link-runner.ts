// A runner as the relay sees it, for tests of the relay: documents in memory, acknowledgements under the test's hand.
import WebSocket from 'ws'
import * as Y from 'yjs'
import { bearerPrefix } from '../../protocol/access.ts'
import { concat, decodeFrame, encodeFrame } from '../../protocol/frames.ts'
import { protocolVersion } from '../../protocol/hello.ts'
import { RelayToRunner, linkPath, linkSubprotocol } from '../../protocol/link.ts'
import type { RunnerToRelay } from '../../protocol/link.ts'
import { proofOf } from './keys.ts'
import type { SessionKey } from './keys.ts'

export type SeenUpdate = { doc: string; n: number; author: string; update: Uint8Array }

export class LinkRunner {
  readonly docs = new Map<string, { epoch: string; doc: Y.Doc }>()
  readonly updates: SeenUpdate[] = []
  readonly seen: string[] = []
  /** False: the test acknowledges by hand. */
  acknowledges = true
  /** True: states are made when they are asked for, and sent when the test says so. */
  holdsStates = false
  readonly #held: Array<() => void> = []
  closed: { code: number; reason: string } | null = null
  #socket: WebSocket | null = null

  /** A document with text, as if a file had been opened. */
  seed(doc: string, epoch: string, text: string): Y.Doc {
    const ydoc = new Y.Doc()
    ydoc.getText('content').insert(0, text)
    this.docs.set(doc, { epoch, doc: ydoc })
    return ydoc
  }

  textOf(doc: string): string {
    return this.docs.get(doc)?.doc.getText('content').toString() ?? ''
  }

  /** `after`: the proof is held back until then. */
  async connect(
    relay: string,
    session: SessionKey,
    lie: { signature?: string; after?: Promise<void>; alarm?: string } = {},
  ): Promise<this> {
    const socket = new WebSocket(`${relay}${linkPath(session)}`, [
      linkSubprotocol,
      bearerPrefix + session.certificate,
    ])
    this.#socket = socket
    this.closed = null
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.seen.length > 0 || !lie.after) return this.#receive(data, session, lie)
      void lie.after.then(() => isBinary && this.#receive(data, session, lie))
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.once('open', resolve)
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    return this
  }

  send(message: RunnerToRelay, payload?: Uint8Array): void {
    this.#socket?.send(encodeFrame(message, payload))
  }

  sendRaw(bytes: Uint8Array): void {
    this.#socket?.send(bytes)
  }

  /** As kill -9 would: the socket is gone, no goodbye. */
  kill(): void {
    this.#socket?.terminate()
  }

  #receive(data: Buffer, session: SessionKey, lie: { signature?: string; alarm?: string }): void {
    const { header, payload } = decodeFrame(data)
    const message = RelayToRunner.parse(header)
    this.seen.push(message.type)
    if (message.type === 'challenge') {
      const signature = lie.signature ?? proofOf(session, message.nonce)
      const { repl, generation } = session
      const alarm = lie.alarm === undefined ? {} : { alarm: lie.alarm }
      const hello = { protocol: protocolVersion, build: 'test', repl, generation, signature, ...alarm }
      this.send({ type: 'hello', ...hello })
    } else if (message.type === 'open') this.#open(message)
    else if (message.type === 'update') this.#update(message, payload)
  }

  #open(room: { doc: string; epoch: string }): void {
    const held = this.docs.get(room.doc)
    const address = { doc: room.doc, epoch: room.epoch }
    if (!held) return this.send({ type: 'refuse', ...address, code: 4404, say: 'No such document.' })
    if (held.epoch !== room.epoch)
      return this.send({ type: 'refuse', ...address, code: 4409, say: 'Another history.' })
    const vector = Y.encodeStateVector(held.doc)
    const payload = concat(vector, Y.encodeStateAsUpdate(held.doc))
    const send = (): void =>
      this.send({ type: 'state', ...address, seq: 1, vectorBytes: vector.length }, payload)
    if (this.holdsStates) this.#held.push(send)
    else send()
  }

  get heldStates(): number {
    return this.#held.length
  }

  /** Sends what was held; later states are not held any more. */
  releaseStates(): void {
    this.holdsStates = false
    for (const send of this.#held.splice(0)) send()
  }

  #update(message: { doc: string; epoch: string; n: number; author: string }, payload: Uint8Array): void {
    const update = payload.slice()
    this.updates.push({ doc: message.doc, n: message.n, author: message.author, update })
    const held = this.docs.get(message.doc)
    if (held) Y.applyUpdate(held.doc, update)
    if (this.acknowledges) this.acknowledge(message, message.n)
  }

  acknowledge(
    room: { doc: string; epoch: string },
    n: number,
    kinds: Array<'logged' | 'saved'> = ['logged', 'saved'],
  ): void {
    for (const type of kinds) this.send({ type, doc: room.doc, epoch: room.epoch, n })
  }
}
