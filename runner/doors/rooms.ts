// The rooms of one connection to the relay: answers `open`, takes updates into documents, acknowledges them as logged
// and saved. Knows frames, not sockets; see link.ts.
import type { Logger } from 'pino'
import type { z } from 'zod'
import { asAppError } from '../../protocol/errors.ts'
import { concat } from '../../protocol/frames.ts'
import type { RelayToRunner, RunnerToRelay } from '../../protocol/link.ts'
import type { LiveDocument } from '../documents/document.ts'
import type { Documents } from '../documents/documents.ts'
import { Lane } from '../documents/lane.ts'
import type { Log } from '../documents/log.ts'

export type Send = (header: z.input<typeof RunnerToRelay>, payload?: Uint8Array) => void
type Update = Extract<RelayToRunner, { type: 'update' }>
type Address = { doc: string; epoch: string }
/** `n` is safe when record `seq` is. */
type Mark = { n: number; seq: number }
type Room = Address & { lane: Lane; open: boolean; unlogged: Mark[]; unsaved: Mark[] }

export class Rooms {
  readonly #deps: { documents: Documents; log: Log; logger: Logger; send: Send }
  readonly #rooms = new Map<string, Room>()
  readonly #stop: Array<() => void>
  #turn: NodeJS.Immediate | null = null

  constructor(deps: { documents: Documents; log: Log; logger: Logger; send: Send }) {
    this.#deps = deps
    this.#stop = [
      deps.log.listen({ logged: () => this.#acknowledge(), saved: () => this.#acknowledge() }),
      deps.documents.listen({ merged: (document, change) => this.#merged(document, change) }),
    ]
  }

  /** A peer wants this room. */
  open(address: Address): void {
    const room = this.#room(address)
    void room.lane.run(async () => {
      try {
        const document = await this.#deps.documents.enter(room.doc, room.epoch)
        this.#deps.log.flush()
        const { seq, vector, update } = document.state()
        room.open = true
        const header = {
          type: 'state',
          doc: room.doc,
          epoch: room.epoch,
          seq,
          vectorBytes: vector.length,
        } as const
        this.#deps.send(header, concat(vector, update))
      } catch (fault) {
        this.#refuse(room, fault)
      }
    })
  }

  /** At once when the document is in memory, so that nobody's keystroke waits; in order in any case. */
  update(message: Update, payload: Uint8Array): void {
    const room = this.#room(message)
    const document = room.lane.idle ? this.#deps.documents.loaded(room.doc) : undefined
    if (document?.epoch === room.epoch) return this.#take(document, { room, message, payload })
    // The frame's memory is the socket's: what waits keeps its own copy.
    const kept = payload.slice()
    void room.lane.run(async () => {
      try {
        const found = await this.#deps.documents.ofRoom(room.doc, room.epoch)
        this.#take(found, { room, message, payload: kept })
      } catch (fault) {
        this.#refuse(room, fault)
      }
    })
  }

  /** The last peer left. */
  empty(address: Address): void {
    const room = this.#rooms.get(keyOf(address))
    if (!room) return
    void room.lane.run(() => {
      room.open = false
      this.#deps.documents.leave(room.doc)
    })
  }

  /** Resolves when every frame given so far is in its document. */
  async drained(): Promise<void> {
    await Promise.all([...this.#rooms.values()].map(({ lane }) => lane.drained()))
  }

  close(): void {
    for (const stop of this.#stop) stop()
    if (this.#turn) clearImmediate(this.#turn)
  }

  #take(document: LiveDocument, got: { room: Room; message: Update; payload: Uint8Array }): void {
    const { room, message, payload } = got
    const mark = { n: message.n, seq: this.#receive(document, message.author, payload) }
    room.unlogged.push(mark)
    room.unsaved.push(mark)
    this.#turn ??= setImmediate(() => {
      this.#turn = null
      this.#deps.log.flush()
      this.#acknowledge()
    })
  }

  /** The relay has checked the update; one that is none all the same is acknowledged, or it would come for ever. */
  #receive(document: LiveDocument, author: string, payload: Uint8Array): number {
    try {
      return document.receive(payload, author)
    } catch (fault) {
      this.#deps.logger.warn({ err: fault, doc: document.id, author }, 'an update could not be read')
      return this.#deps.log.seq
    }
  }

  #acknowledge(): void {
    const { log, send } = this.#deps
    for (const room of this.#rooms.values()) {
      const { doc, epoch } = room
      const logged = takeUpTo(room.unlogged, log.logged)
      if (logged !== null) send({ type: 'logged', doc, epoch, n: logged })
      const saved = takeUpTo(room.unsaved, log.saved)
      if (saved !== null) send({ type: 'saved', doc, epoch, n: saved })
    }
  }

  #merged(document: LiveDocument, change: { seq: number; update: Uint8Array }): void {
    const room = this.#rooms.get(keyOf({ doc: document.id, epoch: document.epoch }))
    if (!room?.open) return
    const header = { type: 'update', doc: room.doc, epoch: room.epoch, seq: change.seq } as const
    this.#deps.send(header, change.update)
  }

  #refuse(room: Room, fault: unknown): void {
    const error = asAppError(fault)
    this.#deps.logger.warn({ err: fault, doc: room.doc, code: error.code }, 'a room was refused')
    // Addresses come from peers: what is no room of ours is not remembered.
    this.#rooms.delete(keyOf(room))
    const code = error.code === 'wrong-epoch' ? 4409 : 4404
    this.#deps.send({ type: 'refuse', doc: room.doc, epoch: room.epoch, code, say: error.say })
  }

  #room(address: Address): Room {
    const key = keyOf(address)
    const room = this.#rooms.get(key)
    if (room) return room
    const { doc, epoch } = address
    const made: Room = { doc, epoch, lane: new Lane(), open: false, unlogged: [], unsaved: [] }
    this.#rooms.set(key, made)
    return made
  }
}

const keyOf = ({ doc, epoch }: Address): string => `${doc}/${epoch}`

/** Removes the marks that are safe; gives the number of the last of them, or null. */
function takeUpTo(marks: Mark[], seq: number): number | null {
  const waiting = marks.findIndex((mark) => mark.seq > seq)
  const safe = marks.splice(0, waiting < 0 ? marks.length : waiting)
  return safe.at(-1)?.n ?? null
}
