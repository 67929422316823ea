// Everything live of one repl: its rooms, its runner's link, whether edits are taken, and who has which colour.
import type { Logger } from 'pino'
import type { AccessChange } from '../protocol/access.ts'
import { closeCode, presenceRoom } from '../protocol/document.ts'
import type { RoomAddress } from '../protocol/document.ts'
import { limits } from '../protocol/limits.ts'
import type { RelayToRunner, RunnerToRelay } from '../protocol/link.ts'
import { Answers } from './answers.ts'
import type { Link, LinkEvents } from './link.ts'
import { Colors } from './presence.ts'
import type { Peer } from './peer.ts'
import { Room } from './room.ts'
import type { ToRunner } from './room.ts'
import { Share } from './share.ts'

/** Milliseconds that a peer of an earlier session has to bring a token of this one: our pages do it as soon as their doors are back. */
const earlierMs = 10_000

/** A peer's place in its room. */
/** `restand`: the peer's role has changed. */
export type Seat = { receive(frame: Uint8Array): void; restand(): void; leave(): void }

export class Meeting implements Omit<LinkEvents, 'generation'>, ToRunner {
  readonly #rooms = new Map<string, Room>()
  readonly colors = new Colors()
  readonly #log: Logger
  readonly #answers = new Answers((person) => {
    let queued = 0
    for (const room of this.#rooms.values()) queued += room.queuedFor(person)
    return queued
  })
  /** By person, all rooms together. */
  readonly #shares = new Map<string, Share>()
  #link: Link | null = null
  /** When peers that still have a token of an earlier session are let go; null when there can be none. */
  #earlierUntil: number | null = null
  frozen: string | null = null

  constructor(repl: string, log: Logger) {
    this.#log = log.child({ repl })
  }

  get isAttached(): boolean {
    return this.#link !== null
  }

  get alarm(): string | null {
    return this.#link?.alarm ?? null
  }

  get isDone(): boolean {
    return this.#link === null && this.#rooms.size === 0
  }

  /** Puts a peer into its room; the answer takes its frames and its leaving. Null: this person has too many rooms open. */
  admit(peer: Peer, address: RoomAddress): Seat | null {
    const { sub } = peer.claims
    const share = this.#shares.get(sub) ?? new Share()
    if (share.size >= limits.roomsPerPerson) return null
    this.#shares.set(sub, share)
    share.join(peer)
    peer.share = share
    this.colors.acquire(sub)
    const room = this.#room(address)
    room.admit(peer)
    return {
      receive: (frame) => room.receive(peer, frame),
      restand: () => room.restand(peer),
      leave: () => {
        room.leave(peer)
        this.colors.release(sub)
        share.leave(peer)
        if (share.size === 0 && this.#shares.get(sub) === share) this.#shares.delete(sub)
        this.#forget(room)
      },
    }
  }

  changed(change: AccessChange): void {
    this.#log.info({ person: change.person, role: change.role }, 'a role has changed')
    for (const room of this.#rooms.values()) room.changed(change)
  }

  #room(address: RoomAddress): Room {
    const key = `${address.doc}/${address.epoch}`
    const known = this.#rooms.get(key)
    if (known) return known
    const log = this.#log.child({ doc: address.doc, epoch: address.epoch.slice(0, 8) })
    const room = new Room(address, {
      runner: this,
      colors: this.colors,
      answers: this.#answers,
      log,
      isPresenceOnly: address.doc === presenceRoom.doc,
    })
    this.#rooms.set(key, room)
    return room
  }

  #forget(room: Room): void {
    const key = `${room.address.doc}/${room.address.epoch}`
    if (room.isDone && this.#rooms.get(key) === room) this.#rooms.delete(key)
  }

  send(message: RelayToRunner, payload?: Uint8Array): boolean {
    return this.#link?.send(message, payload) ?? false
  }

  attached(link: Link): void {
    const before = this.#link
    this.#link = link
    this.frozen = null
    before?.close(closeCode.wrongEpoch, 'A newer link has taken over.')
    this.#log.info({ generation: link.claims.gen }, 'runner attached')
    for (const room of this.#rooms.values()) room.attached()
    this.#earlierUntil = Date.now() + earlierMs
  }

  detached(link: Link): void {
    if (this.#link !== link) return
    this.#link = null
    this.#log.info({ generation: link.claims.gen }, 'runner detached')
    for (const room of this.#rooms.values()) room.detached()
  }

  message(message: RunnerToRelay, payload: Uint8Array): void {
    if (message.type === 'freeze') return this.#freeze(message.say)
    if (message.type === 'thaw') return this.#thaw()
    if (message.type === 'hello') return
    const room = this.#rooms.get(`${message.doc}/${message.epoch}`)
    if (!room) return
    if (message.type === 'state')
      room.state({
        vector: payload.slice(0, message.vectorBytes),
        update: payload.slice(message.vectorBytes),
      })
    else if (message.type === 'update') room.fromRunner(payload.slice())
    else if (message.type === 'logged') room.logged(message.n)
    else if (message.type === 'saved') this.#saved(room, message.n)
    else this.#refuse(room, message)
  }

  #saved(room: Room, n: number): void {
    room.saved(n)
    this.#forget(room)
  }

  #refuse(room: Room, refusal: { code: number; say: string }): void {
    this.#log.warn({ doc: room.address.doc, code: refusal.code }, 'room refused by the runner')
    this.#rooms.delete(`${room.address.doc}/${room.address.epoch}`)
    room.close(refusal.code, refusal.say)
  }

  #freeze(say: string): void {
    this.frozen = say
    for (const room of this.#rooms.values()) {
      room.flushTurn()
      room.tellStanding()
    }
    this.send({ type: 'frozen' })
  }

  #thaw(): void {
    this.frozen = null
    for (const room of this.#rooms.values()) room.thawed()
  }

  tick(now: number): void {
    if (this.#link !== null && this.#earlierUntil !== null && now > this.#earlierUntil) {
      this.#earlierUntil = null
      for (const room of this.#rooms.values()) room.endEarlier(this.#link.claims.gen)
    }
    for (const room of this.#rooms.values()) {
      room.tick(now)
      this.#forget(room)
    }
  }

  close(code: number, reason: string): void {
    this.#link?.close(code, reason)
    for (const room of this.#rooms.values()) room.close(code, reason)
  }
}
