// The live meeting on one document: takes frames of peers, gives them to the runner and to the other peers once per turn.
import type { Logger } from 'pino'
import type { AccessChange } from '../protocol/access.ts'
import { closeCode } from '../protocol/document.ts'
import type { RoomAddress } from '../protocol/document.ts'
import { limits } from '../protocol/limits.ts'
import type { RelayToRunner } from '../protocol/link.ts'
import { Joining, type Want } from './joining.ts'
import type { Peer } from './peer.ts'
import { Presence, presenceInterval } from './presence.ts'
import type { Colors } from './presence.ts'
import { Tail } from './tail.ts'
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
const viewerWords = 'You are a viewer here: edits are not taken.'

export class Room {
  readonly address: RoomAddress
  readonly #peers = new Set<Peer>()
  readonly #tail = new Tail()
  readonly #joining = new Joining()
  readonly #presence: Presence
  readonly #runner: ToRunner
  readonly #log: Logger
  readonly #isPresenceOnly: boolean
  #turn: Array<{ peer: Peer; update: Uint8Array }> = []
  #turnDue: NodeJS.Immediate | null = null
  #presenceDue: NodeJS.Timeout | NodeJS.Immediate | null = null
  #presenceAt = 0
  #isHeld = false
  /** True from a runner's coming until its first state. */
  #isNewLink = false

  constructor(
    address: RoomAddress,
    deps: { runner: ToRunner; colors: Colors; log: Logger; isPresenceOnly: boolean },
  ) {
    this.address = address
    this.#runner = deps.runner
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
    if (this.#presence.leave(peer)) this.#schedulePresence()
    if (this.#peers.size > 0 || this.#isPresenceOnly) return
    this.#joining.close()
    this.#runner.send({ type: 'empty', ...this.#room })
  }

  /** One frame from a peer. Throws nothing: a frame that cannot be decoded closes its sender alone. */
  receive(peer: Peer, bytes: Uint8Array): void {
    try {
      this.#take(peer, decodePeerFrame(bytes))
    } catch (fault) {
      this.#log.warn(
        { person: peer.claims.sub, fault: String(fault).slice(0, 200), bytes: bytes.length },
        'frame refused',
      )
      peer.close(closeCode.badFrame, 'This frame could not be read.')
    }
  }

  #take(peer: Peer, frame: PeerFrame): void {
    if (frame.type === 'update') this.#takeUpdate(peer, frame)
    else if (frame.type === 'step1') this.#takeStep1(peer, frame.vector)
    else if (frame.type === 'query') peer.send(this.#presence.everybody())
    else if (frame.type === 'presence' && this.#presence.take(peer, frame.states)) this.#schedulePresence()
  }

  #takeStep1(peer: Peer, vector: Uint8Array): void {
    if (this.#isPresenceOnly) return peer.send(step2Frame(Uint8Array.of(0, 0)))
    this.#want(peer, vector)
  }

  /** A joiner gets the document as it is now, or later: a cached state that lacks something is not good enough for it. */
  #want(peer: Peer, vector: Uint8Array): void {
    peer.wants = this.#joining.want(vector)
    if (!this.#joining.satisfies(peer.wants)) this.#askForState()
    this.#serveOrWait(peer)
  }

  /** While the runner is away nobody has more than we have. */
  #serveOrWait(peer: Peer): void {
    if (peer.wants === null || !this.#joining.isReady) return
    if (this.#joining.satisfies(peer.wants) || !this.#runner.isAttached) this.#serve(peer, peer.wants)
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
    for (const [author, mine] of groupByAuthor(turn)) this.#toRunner(author, mine)
    this.#fanOut(mergeTurn(turn.map((taken) => taken.update)), onlyPeer(turn))
    if (this.#joining.isStale) this.#askForState()
    this.#holdWriters()
  }

  #toRunner(author: string, taken: Array<{ peer: Peer; update: Uint8Array }>): void {
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
    if (this.#runner.send({ type: 'open', ...this.#room })) this.#joining.ask(this.#tail.last)
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
    for (const { wants } of this.#peers) if (wants) return this.#askForState()
  }

  #serve(peer: Peer, want: Want): void {
    const { state, updates } = this.#joining.answerFor(want)
    peer.wants = null
    peer.send(step2Frame(state))
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

type Taken = { peer: Peer; update: Uint8Array }

const authorOf = (taken: Taken): string => taken.peer.claims.sub

function groupByAuthor(turn: Taken[]): Map<string, Taken[]> {
  const groups = new Map<string, Taken[]>()
  for (const taken of turn) groups.set(authorOf(taken), [...(groups.get(authorOf(taken)) ?? []), taken])
  return groups
}

/** The one peer that made the whole turn, who need not hear it again; null when there were several. */
function onlyPeer(turn: Taken[]): Peer | null {
  const peers = new Set(turn.map((taken) => taken.peer))
  const [first] = peers
  return peers.size === 1 && first ? first : null
}
