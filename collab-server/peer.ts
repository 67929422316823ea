// One connection in one room: what may still be sent to it, how far its own edits have got. Knows no document.
import type { WebSocket } from 'ws'
import { can, outdated } from '../protocol/access.ts'
import type { AccessChange, DoorClaims } from '../protocol/access.ts'
import { closeCode } from '../protocol/document.ts'
import type { RoomNotice } from '../protocol/document.ts'
import { limits } from '../protocol/limits.ts'
import type { Want } from './joining.ts'
import type { Share } from './share.ts'
import { noticeFrame, progressFrame } from './wire.ts'

/** A stretch of this peer's sync frames that rides in the room's update number `n` (0: nothing to write, done when those before are). */
type Riding = { frames: number; n: number }

/** Why a peer is not read: it is over its rate, its person over their share, or the room holds its writers. */
export type PauseReason = 'rate' | 'share' | 'tail'

/** Milliseconds that somebody who was removed gets to take the reason. */
const lastWordsMs = 500

export class Peer {
  #claims: DoorClaims
  #isRemoved = false
  /** Could edit at some time of this connection: what it sent before it knew better is kept in its page, not undone. */
  #wasEditor = false
  /** Speaks our own messages, not only y-websocket's. */
  readonly isOurs: boolean
  /** Its one presence id, bound by its first presence frame. */
  presenceClient: number | null = null
  /** Its SyncStep1, kept until the room can answer it. */
  wants: Want | null = null
  /** Set while it does not read; updates and presence are then not sent but caught up with later. */
  laggingSince: number | null = null
  /** Time of the last frame sent, for the keepalive. */
  sentAt = 0
  /** Its person's, once it has a seat. */
  share: Share | null = null
  readonly #socket: WebSocket
  readonly #paused = new Set<PauseReason>()
  #frames = 0
  /** Set once an edit was refused: what follows is not whole until the peer has sent everything again. */
  #hasGap = false
  #riding: Riding[] = []
  #logged = 0
  #saved = 0
  #toldSaved = 0
  #toldLogged = 0

  constructor(socket: WebSocket, who: { claims: DoorClaims; isOurs: boolean }) {
    this.#socket = socket
    this.#claims = who.claims
    this.#wasEditor = this.mayEdit
    this.isOurs = who.isOurs
  }

  get hasGap(): boolean {
    return this.#hasGap
  }

  get claims(): DoorClaims {
    return this.#claims
  }

  get mayEdit(): boolean {
    return !this.#isRemoved && can(this.#claims.role, 'document.edit')
  }

  /** A fresh token's claims for the same person. */
  renew(claims: DoorClaims): void {
    this.#claims = claims
    this.#wasEditor ||= this.mayEdit
  }

  /** Takes a change of its person's role; false when that is nothing new here, or the peer has to go. */
  take(change: AccessChange): boolean {
    if (change.person !== this.#claims.sub || outdated(this.#claims, change) === null) return false
    if (change.role === null) {
      this.#isRemoved = true
      this.close(closeCode.forbidden, change.say)
      setTimeout(() => this.#socket.terminate(), lastWordsMs).unref()
      return false
    }
    this.renew({ ...this.#claims, role: change.role, ver: change.ver })
    return true
  }

  /** Bytes that the kernel has not taken yet. */
  get queued(): number {
    return this.#socket.bufferedAmount
  }

  send(frame: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.sentAt = Date.now()
    this.#socket.send(frame)
  }

  notice(notice: RoomNotice): void {
    if (this.isOurs) this.send(noticeFrame(notice))
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 120))
  }

  /** Stops reading for a reason: TCP holds the sender, nothing is dropped. */
  pause(why: PauseReason): void {
    this.#paused.add(why)
    this.#socket.pause()
  }

  /** Reads again once no reason is left. */
  resume(why: PauseReason): void {
    this.#paused.delete(why)
    if (this.#paused.size === 0) this.#socket.resume()
  }

  /** For one that reads nothing: says 1013 and does not wait for an answer. */
  drop(): void {
    this.#socket.close(closeCode.lagging, 'This connection does not keep up.')
    setTimeout(() => this.#socket.terminate(), 1000).unref()
  }

  /** True when a frame may be sent now; else the peer becomes lagging and is brought back by the room. */
  canTake(now: number): boolean {
    if (this.laggingSince !== null) return false
    if (this.queued <= limits.laggingBytes) return true
    this.laggingSince = now
    return false
  }

  /** Counts one sync frame of kind step 2 or update; `n` is told later by `ride`. A step 2 closes a gap. */
  countFrame(isStep2: boolean): void {
    this.#frames += 1
    if (isStep2) this.#hasGap = false
  }

  /** All frames counted so far ride in the room's update `n`. */
  ride(n: number): void {
    if (!this.#hasGap) this.#riding.push({ frames: this.#frames, n })
  }

  reachedLogged(n: number): void {
    this.#logged = this.#upTo(n, this.#logged)
  }

  reachedSaved(n: number): void {
    this.#saved = this.#upTo(n, this.#saved)
    this.#logged = Math.max(this.#logged, this.#saved)
    this.#riding = this.#riding.filter((riding) => riding.frames > this.#saved)
  }

  #upTo(n: number, already: number): number {
    let reached = already
    for (const riding of this.#riding) {
      if (riding.n > n) break
      reached = Math.max(reached, riding.frames)
    }
    return reached
  }

  /** Tells the page how far its edits have got, if that has changed. */
  tellProgress(): void {
    if (!this.isOurs || (this.#toldLogged === this.#logged && this.#toldSaved === this.#saved)) return
    this.#toldLogged = this.#logged
    this.#toldSaved = this.#saved
    this.send(progressFrame(this.#logged, this.#saved))
  }

  /**
   * A viewer's edit is not taken: until the peer sends its whole again, nothing of it is called saved. Our page takes back
   * what was typed as a viewer, and keeps what was typed before.
   */
  refuseEdit(say: string, frame: { isStep2: boolean }): void {
    this.#hasGap = true
    if (!this.isOurs) return this.close(closeCode.forbidden, say)
    if (frame.isStep2 || this.#wasEditor) return this.notice({ kind: 'read-only', say })
    this.notice({ kind: 'refused', say, frame: Math.max(1, this.#frames) })
  }

  /** As refuseEdit, while nobody's edits are taken: our page keeps them, a stock client tries again later. */
  refuseFrozen(say: string): void {
    this.#hasGap = true
    if (this.isOurs) this.notice({ kind: 'read-only', say })
    else this.close(closeCode.readOnly, say)
  }
}
