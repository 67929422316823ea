// What the peers of a room sent in one event-loop turn: by author, and by whom. Pure.
import type { Peer } from './peer.ts'

export type Taken = { peer: Peer; update: Uint8Array }

const authorOf = (taken: Taken): string => taken.peer.claims.sub

export function groupByAuthor(turn: Taken[]): Map<string, Taken[]> {
  const groups = new Map<string, Taken[]>()
  for (const taken of turn) groups.set(authorOf(taken), [...(groups.get(authorOf(taken)) ?? []), taken])
  return groups
}

/** The one peer that made the whole turn, who need not hear it again; null when there were several. */
export function onlyPeer(turn: Taken[]): Peer | null {
  const peers = new Set(turn.map((taken) => taken.peer))
  const [first] = peers
  return peers.size === 1 && first ? first : null
}

/** Merging a turn took `ms`: those who made it share it. */
export function charge(turn: Taken[], ms: number): void {
  for (const { peer } of turn) peer.share?.spend(ms / turn.length)
}
