// Who shows what in one room: stamps identity, keeps the last state of each, sends what changed on the room's clock.
import type { PresenceUser } from '../protocol/presence.ts'
import { limits } from '../protocol/limits.ts'
import { presenceFrame } from './wire.ts'
import type { PresenceEntry } from './wire.ts'
import type { Peer } from './peer.ts'

/** Gives each person of a repl the lowest free colour while any of their peers is here. */
export class Colors {
  readonly #held = new Map<string, { index: number; peers: number }>()

  acquire(person: string): number {
    const held = this.#held.get(person)
    if (held) {
      held.peers += 1
      return held.index
    }
    const index = this.#lowestFree()
    this.#held.set(person, { index, peers: 1 })
    return index
  }

  release(person: string): void {
    const held = this.#held.get(person)
    if (!held) return
    held.peers -= 1
    if (held.peers === 0) this.#held.delete(person)
  }

  indexOf(person: string): number {
    return this.#held.get(person)?.index ?? 0
  }

  #lowestFree(): number {
    const taken = new Set([...this.#held.values()].map((held) => held.index))
    let index = 0
    while (taken.has(index)) index += 1
    return index
  }
}

type Shown = { peer: Peer; clock: number; state: string }

export class Presence {
  readonly #shown = new Map<number, Shown>()
  readonly #changed = new Set<number>()
  readonly #colors: Colors

  constructor(colors: Colors) {
    this.#colors = colors
  }

  /** Takes what a peer says of itself; what it says of others (stock clients echo) is dropped. True when something changed. */
  take(peer: Peer, entries: readonly PresenceEntry[]): boolean {
    let isChanged = false
    for (const entry of entries) isChanged = this.#takeOne(peer, entry) || isChanged
    return isChanged
  }

  #takeOne(peer: Peer, entry: PresenceEntry): boolean {
    const held = this.#shown.get(entry.client)
    const isForeign = held !== undefined && held.peer !== peer && held.peer.claims.sub !== peer.claims.sub
    if (isForeign || (peer.presenceClient !== null && peer.presenceClient !== entry.client)) return false
    if (entry.state.length > limits.presenceBytes || (held && entry.clock < held.clock)) return false
    if (entry.state === 'null' && held === undefined) return false
    peer.presenceClient = entry.client
    this.#shown.set(entry.client, { peer, clock: entry.clock, state: this.#stamp(peer, entry.state) })
    this.#changed.add(entry.client)
    return true
  }

  #stamp(peer: Peer, state: string): string {
    const parsed: unknown = JSON.parse(state)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'null'
    const { sub, name, role } = peer.claims
    const user: PresenceUser = { id: sub, name, role, colorIndex: this.#colors.indexOf(sub) }
    return JSON.stringify({ ...parsed, user })
  }

  /** The peer's socket is gone, and with it what it showed (unless the same person's new socket took it over). */
  leave(peer: Peer): boolean {
    const client = peer.presenceClient
    const held = client === null ? undefined : this.#shown.get(client)
    if (client === null || held === undefined || held.peer !== peer) return false
    this.#shown.set(client, { ...held, clock: held.clock + 1, state: 'null' })
    this.#changed.add(client)
    return true
  }

  /** One frame with what changed since the last call, or null. */
  takeChanges(): Uint8Array | null {
    if (this.#changed.size === 0) return null
    const entries = [...this.#changed].flatMap((client) => this.#entry(client))
    this.#changed.clear()
    for (const entry of entries) if (entry.state === 'null') this.#shown.delete(entry.client)
    return presenceFrame(entries)
  }

  /** One frame with everybody, for somebody who has just come. */
  everybody(): Uint8Array {
    return presenceFrame([...this.#shown.keys()].flatMap((client) => this.#entry(client)))
  }

  #entry(client: number): PresenceEntry[] {
    const shown = this.#shown.get(client)
    return shown ? [{ client, clock: shown.clock, state: shown.state }] : []
  }
}

/** Milliseconds between presence frames: 20 Hz for a few, 2 Hz for a lecture hall. */
export function presenceInterval(peers: number): number {
  if (peers <= 10) return 50
  if (peers <= 40) return 100
  return peers <= 100 ? 200 : 500
}
