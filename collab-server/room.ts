// The live meeting on one document: takes frames of peers, gives them to the runner and to the other peers once per turn.
import type { Logger } from 'pino'
import type { AccessChange } from '../protocol/access.ts'
import { closeCode } from '../protocol/document.ts'
import type { RoomAddress } from '../protocol/document.ts'
import { limits } from '../protocol/limits.ts'
import type { RelayToRunner } from '../protocol/link.ts'
import type { Answers } from './answers.ts'
import { Joining } from './joining.ts'
import type { Peer } from './peer.ts'
import { Presence, presenceInterval } from './presence.ts'
import type { Colors } from './presence.ts'
import { Tail } from './tail.ts'
import { charge, groupByAuthor, onlyPeer, type Taken } from './turn.ts'
import {
  decodePeerFrame,
  mergeTurn,
  missing,
  presenceFrame,
  step1Frame,
  step2Frame,
  updateFrame,
} from './wire.ts'
import type { PeerFrame } from './wire.ts'

/** The way to the runner of the room's repl; `send` is false while no runner is attached. */
export type ToRunner = {
  send(message: RelayToRunner, payload?: Uint8Array): boolean
  readonly isAttached: boolean
  readonly frozen: string | null
  /** What is amiss with the session's log, for pages. */
  readonly alarm: string | null
}

const waitingWords = 'The REPL is not connected at the moment. Your edits wait here.'
/** A state of so many bytes is asked for again after a millisecond, for peers that join while others type. */
const stateBytesPerMs = 10 * 1024
const viewerWords = 'You are a viewer here: edits are not taken.'

export class Room {
  readonly address: RoomAddress
  readonly #peers = new Set<Peer>()
  readonly #tail = new Tail()
  readonly #joining = new Joining()
  readonly #presence: Presence
  readonly #runner: ToRunner
  readonly #answers: Answers
  readonly #log: Logger
  readonly #isPresenceOnly: boolean
  #turn: Taken[] = []
  #turnDue: NodeJS.Immediate | null = null
  #presenceDue: NodeJS.Timeout | NodeJS.Immediate | null = null
  #presenceAt = 0
  #askedAt = 0
  #wantedDue: NodeJS.Timeout | null = null
  #isHeld = false
  /** True from a runner's coming until its first state. */
  #isNewLink = false

  constructor(
    address: RoomAddress,
    deps: { runner: ToRunner; colors: Colors; answers: Answers; log: Logger; isPresenceOnly: boolean },
  ) {
    this.address = address
    this.#runner = deps.runner
    this.#answers = deps.answers
    this.#presence = new Presence(deps.colors)
    this.#log = deps.log
    this.#isPresenceOnly = deps.isPresenceOnly
  }

  /** Nobody is here, and nothing waits for a runner or comes from it: the room can be forgotten. */
  get isDone(): boolean {
    return this.#peers.size === 0 && this.#tail.isEmpty && this.#turn.length === 0 && !this.#joining.isPending
  }

  get size(): number {
    return this.#peers.size
  }

  /** Bytes that wait on this person's sockets here. */
  queuedFor(person: string): number {
    let queued = 0
    for (const peer of this.#peers) if (peer.claims.sub === person) queued += peer.queued
    return queued
  }

  admit(peer: Peer): void {
    this.#peers.add(peer)
    peer.send(this.#presence.everybody())
    if (this.#isPresenceOnly) return
    if (!this.#joining.isReady) this.#askForState()
    this.#tellStanding(peer)
    if (this.#isHeld) peer.pause('tail')
  }

  leave(peer: Peer): void {
    this.#peers.delete(peer)
    this.#answers.forget(peer)
    if (this.#presence.leave(peer)) this.#schedulePresence()
    if (this.#peers.size > 0 || this.#isPresenceOnly) return
    this.#joining.close()
    this.#runner.send({ type: 'empty', ...this.#room })
  }

  /** One frame from a peer. Throws nothing: a frame that cannot be decoded closes its sender alone. */
  receive(peer: Peer, bytes: Uint8Array): void {
    const begun = performance.now()
    try {
      this.#take(peer, decodePeerFrame(bytes, peer))
    } catch (fault) {
      this.#log.warn(
        { person: peer.claims.sub, fault: String(fault).slice(0, 200), bytes: bytes.length },
        'frame refused',
      )
      peer.close(closeCode.badFrame, 'This frame could not be read.')
    }
    peer.share?.spend(performance.now() - begun)
  }

  #take(peer: Peer, frame: PeerFrame): void {
    if (frame.type === 'update') this.#takeUpdate(peer, frame)
    else if (frame.type === 'step1') this.#takeStep1(peer, frame.vector)
    else if (frame.type === 'query') this.#tellEverybody(peer)
    else if (frame.type === 'presence' && this.#presence.take(peer, frame.states)) this.#schedulePresence()
  }

  /** Who cannot take it now is told everything once it has caught up. */
  #tellEverybody(peer: Peer): void {
    if (peer.queued <= limits.caughtUpBytes) peer.send(this.#presence.everybody())
    else peer.laggingSince ??= Date.now()
  }

  #takeStep1(peer: Peer, vector: Uint8Array): void {
    if (this.#isPresenceOnly) return peer.send(step2Frame(Uint8Array.of(0, 0)))
    this.#want(peer, vector)
  }

  /** A joiner gets the document as it is now, or later: a cached state that lacks something is not good enough for it. */
  #want(peer: Peer, vector: Uint8Array): void {
    peer.wants = this.#joining.want(vector)
    this.#askForWanted()
    this.#serveOrWait(peer)
  }

  #serveOrWait(peer: Peer): void {
    if (this.#canServe(peer)) this.#answers.ask(peer, () => this.#serve(peer))
  }

  /** While the runner is away nobody has more than we have. */
  #canServe({ wants }: Peer): boolean {
    if (wants === null || !this.#joining.isReady) return false
    return this.#joining.satisfies(wants) || !this.#runner.isAttached
  }

  #takeUpdate(peer: Peer, frame: { update: Uint8Array; isEmpty: boolean; isStep2: boolean }): void {
    peer.countFrame(frame.isStep2)
    if (frame.isEmpty) return this.#rideAlong(peer)
    if (this.#isPresenceOnly) return
    if (!peer.mayEdit) return peer.refuseEdit(viewerWords, frame)
    if (frame.update.length > limits.collabUpdateBytes)
      return peer.close(closeCode.tooLarge, 'This edit is too large. Upload it as a file.')
    const frozen = this.#runner.frozen
    if (frozen !== null) return peer.refuseFrozen(frozen)
    this.#turn.push({ peer, update: frame.update })
    this.#turnDue ??= setImmediate(() => this.flushTurn())
  }

  #rideAlong(peer: Peer): void {
    if (this.#turn.some((waiting) => waiting.peer === peer)) return
    peer.ride(this.#tail.last)
    peer.reachedLogged(this.#tail.logged)
    peer.reachedSaved(this.#tail.saved)
    peer.tellProgress()
  }

  /** Everything of this event-loop turn: first to the runner, merged per author, then one frame to the peers. */
  flushTurn(): void {
    if (this.#turnDue !== null) clearImmediate(this.#turnDue)
    this.#turnDue = null
    const turn = this.#turn
    if (turn.length === 0) return
    this.#turn = []
    const begun = performance.now()
    for (const [author, mine] of groupByAuthor(turn)) this.#toRunner(author, mine)
    this.#fanOut(mergeTurn(turn.map((taken) => taken.update)), onlyPeer(turn))
    charge(turn, performance.now() - begun)
    if (this.#joining.isStale) this.#askForState()
    this.#holdWriters()
  }

  #toRunner(author: string, taken: Taken[]): void {
    const entry = this.#tail.add(author, mergeTurn(taken.map((one) => one.update)))
    for (const peer of new Set(taken.map((one) => one.peer))) peer.ride(entry.n)
    this.#joining.add(entry.update, entry.n)
    this.#runner.send({ type: 'update', ...this.#room, n: entry.n, author }, entry.update)
  }

  #fanOut(update: Uint8Array, except: Peer | null): void {
    const frame = updateFrame(update)
    const now = Date.now()
    for (const peer of this.#peers) {
      if (peer !== except && peer.wants === null && peer.canTake(now)) peer.send(frame)
    }
  }

  /** Over the limit of unlogged bytes nobody is read from any more; TCP holds the writers. */
  #holdWriters(): void {
    const isOver = this.#tail.unloggedBytes > limits.tailBytes
    const isUnder = this.#tail.unloggedBytes < limits.tailBytes / 2
    if (isOver === this.#isHeld || (!isOver && !isUnder)) return
    this.#isHeld = isOver
    for (const peer of this.#peers) {
      if (isOver) peer.pause('tail')
      else peer.resume('tail')
    }
  }

  #askForState(): void {
    if (this.#joining.isAsked || this.#isPresenceOnly) return
    if (!this.#runner.send({ type: 'open', ...this.#room })) return
    this.#askedAt = Date.now()
    this.#joining.ask(this.#tail.last)
  }

  /** For those whom our state is not good enough; a large one is not asked for all the time. */
  #askForWanted(): void {
    const isWanted = [...this.#peers].some(({ wants }) => wants !== null && !this.#joining.satisfies(wants))
    if (!isWanted || this.#wantedDue !== null) return
    const wait = this.#askedAt + this.#joining.stateBytes / stateBytesPerMs - Date.now()
    if (wait <= 0) return this.#askForState()
    this.#wantedDue = setTimeout(() => {
      this.#wantedDue = null
      this.#askForWanted()
    }, wait)
  }

  /** The runner is there (again): replay what it has not saved, then ask for its state, which has all of it. */
  attached(): void {
    if (this.#isPresenceOnly) return
    this.#isNewLink = true
    this.#joining.forgetQuestion()
    for (const entry of this.#tail.entries())
      this.#runner.send({ type: 'update', ...this.#room, n: entry.n, author: entry.author }, entry.update)
    if (this.#runner.send({ type: 'open', ...this.#room })) this.#joining.ask(0)
    this.tellStanding()
  }

  detached(): void {
    this.#joining.forgetQuestion()
    this.tellStanding()
    for (const peer of this.#peers) this.#serveOrWait(peer)
  }

  /** Tells our pages whether edits are taken. */
  tellStanding(): void {
    for (const peer of this.#peers) this.#tellStanding(peer)
  }

  #tellStanding(peer: Peer): void {
    if (this.#isPresenceOnly) return
    const { frozen, alarm } = this.#runner
    if (alarm !== null) peer.notice({ kind: 'alarm', say: alarm })
    if (frozen !== null) peer.notice({ kind: 'read-only', say: frozen })
    else if (!this.#runner.isAttached) peer.notice({ kind: 'waiting', say: waitingWords })
    else if (this.#joining.isReady) peer.notice({ kind: 'live' })
  }

  /** Somebody's role has changed: holds for their peers here from this frame on. */
  changed(change: AccessChange): void {
    for (const peer of this.#peers) if (peer.take(change)) this.restand(peer)
  }

  /** Lets go of peers whose token is of a session before this one. What they gave is taken; what they have not yet they bring again. */
  endEarlier(generation: number): void {
    for (const peer of this.#peers)
      if (peer.claims.gen < generation)
        peer.close(closeCode.tokenExpired, 'This token is of an earlier session of this REPL.')
  }

  /** Tells a peer what its role means here now; who may edit again is asked for what was not taken meanwhile. */
  restand(peer: Peer): void {
    if (this.#isPresenceOnly) return
    if (!peer.mayEdit) return peer.notice({ kind: 'read-only', say: viewerWords })
    this.#tellStanding(peer)
    if (peer.hasGap && this.#joining.isReady) peer.send(step1Frame(this.#joining.vector()))
  }

  /** Edits are taken again: whoever had one refused is asked for everything we lack. */
  thawed(): void {
    this.tellStanding()
    this.#askGaps()
  }

  /** Who may edit, and had something refused while nobody's edits were taken, is asked for all that we lack. */
  #askGaps(): void {
    if (!this.#joining.isReady || this.#runner.frozen !== null) return
    for (const peer of this.#peers)
      if (peer.hasGap && peer.mayEdit) peer.send(step1Frame(this.#joining.vector()))
  }

  /** A runner that came back may have taken in what tools wrote while nobody listened: our peers lack it. */
  state(state: { vector: Uint8Array; update: Uint8Array }): void {
    const isFirst = this.#isNewLink
    const known = isFirst && this.#joining.isReady ? this.#joining.vector() : null
    this.#isNewLink = false
    this.#joining.answer(state)
    this.tellStanding()
    // A session that was frozen may have ended, and this be the next one.
    if (isFirst) this.#askGaps()
    if (known) this.#fanOut(missing(state.update, known), null)
    for (const peer of this.#peers) this.#serveOrWait(peer)
    this.#askForWanted()
  }

  /** Its turn has come; what was true when it asked may not be any more: then another state, or the runner's going, asks again. */
  #serve(peer: Peer): void {
    const want = peer.wants
    if (want === null || !this.#canServe(peer)) return
    const { frame, updates } = this.#joining.answerFor(want)
    peer.wants = null
    peer.send(frame)
    for (const update of updates) peer.send(updateFrame(update))
    peer.send(step1Frame(this.#joining.vector()))
  }

  /** An update the runner made itself. */
  fromRunner(update: Uint8Array): void {
    this.#joining.add(update, 0)
    this.#fanOut(update, null)
    if (this.#joining.isStale) this.#askForState()
  }

  logged(n: number): void {
    this.#tail.markLogged(n)
    this.#holdWriters()
    for (const peer of this.#peers) {
      peer.reachedLogged(n)
      peer.tellProgress()
    }
  }

  saved(n: number): void {
    this.#tail.markSaved(n)
    this.#holdWriters()
    for (const peer of this.#peers) {
      peer.reachedSaved(n)
      peer.tellProgress()
    }
  }

  /** Ends the room for everybody with a final or a retried code. */
  close(code: number, reason: string): void {
    for (const peer of this.#peers) peer.close(code, reason)
  }

  /** Called about every second: keeps stock clients from giving up, brings laggards back or lets them go. */
  tick(now: number): void {
    for (const peer of this.#peers) {
      if (peer.laggingSince !== null) this.#tickLagging(peer, now)
      else if (now - peer.sentAt >= limits.collabKeepaliveMs) peer.send(presenceFrame([]))
    }
  }

  #tickLagging(peer: Peer, now: number): void {
    if (peer.laggingSince === null) return
    if (now - peer.laggingSince > limits.laggingMs) return peer.drop()
    if (peer.queued > limits.caughtUpBytes) return
    peer.laggingSince = null
    peer.send(this.#presence.everybody())
    if (this.#isPresenceOnly) return
    this.#want(peer, Uint8Array.of(0))
  }

  #schedulePresence(): void {
    if (this.#presenceDue !== null) return
    const wait = this.#presenceAt + presenceInterval(this.#peers.size) - Date.now()
    const send = (): void => this.#sendPresence()
    this.#presenceDue = wait <= 0 ? setImmediate(send) : setTimeout(send, wait)
  }

  #sendPresence(): void {
    this.#presenceDue = null
    this.#presenceAt = Date.now()
    const frame = this.#presence.takeChanges()
    if (frame === null) return
    for (const peer of this.#peers) if (peer.canTake(this.#presenceAt)) peer.send(frame)
  }

  get #room(): { doc: string; epoch: string } {
    return { doc: this.address.doc, epoch: this.address.epoch }
  }
}
