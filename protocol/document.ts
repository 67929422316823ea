// The wire of a document's room: what a page, a stock y-websocket client and the relay say to each other.
import { z } from 'zod'
import { DocId, Epoch, ReplId } from './ids.ts'

/** Subprotocol of our own page; without it the relay speaks plain y-websocket (types 0 to 3 only). */
export const collabSubprotocol = 'devex.collab.v1'

/** First varUint of every frame. 0 to 3 are y-websocket's; ours begin at 100 and go to peers of `collabSubprotocol` only. */
export const collabMessage = {
  sync: 0,
  presence: 1,
  auth: 2,
  queryPresence: 3,
  /** relay → page: varUint logged, varUint saved: how many of this connection's sync frames of kind 1 and 2 have got that far. */
  progress: 100,
  /** relay → page: varString JSON of RoomNotice. */
  notice: 101,
  /** page → relay: varString, a fresh token for this connection. */
  token: 102,
} as const

/** Second varUint of a sync frame (y-protocols). */
export const syncKind = { step1: 0, step2: 1, update: 2 } as const

/** Close codes. 4400 to 4499 are final (stock clients stop); 45xx and 1xxx are retried. */
export const closeCode = {
  badFrame: 4400,
  badToken: 4401,
  forbidden: 4403,
  notFound: 4404,
  wrongEpoch: 4409,
  tooLarge: 4413,
  /** This person has too many rooms open. */
  tooMany: 4429,
  tokenExpired: 4501,
  readOnly: 4503,
  lagging: 1013,
  goingAway: 1012,
} as const

/** What a room tells its pages about itself; `say` is shown as it stands. */
export const RoomNotice = z.discriminatedUnion('kind', [
  /** The runner is attached and edits are taken. */
  z.object({ kind: z.literal('live') }),
  /** The runner is away for now; edits wait in the relay and the page. */
  z.object({ kind: z.literal('waiting'), say: z.string() }),
  /** No edits are taken: the session is stopping, or the disk cannot take them. */
  z.object({ kind: z.literal('read-only'), say: z.string() }),
  /** Something of this session is not as it should be, while work goes on: damage found in its log. */
  z.object({ kind: z.literal('alarm'), say: z.string() }),
  /** One frame of edits was refused and is taken back by the page: `frame` counts this connection's sync frames of kind 1 and 2. */
  z.object({ kind: z.literal('refused'), say: z.string(), frame: z.number().int().min(1).exactOptional() }),
])
export type RoomNotice = z.infer<typeof RoomNotice>

/** The reserved room of a repl: presence only, nothing is stored, no runner is asked. Path `<repl>/presence/0`. */
export const presenceRoom = { doc: 'presence', epoch: '0' } as const

export type RoomAddress = { repl: string; doc: string; epoch: string }

/** Path of a room below `/collab`. */
export function roomPath(room: RoomAddress): string {
  return `/collab/${room.repl}/${room.doc}/${room.epoch}`
}

const DocumentRoom = z.object({ repl: ReplId, doc: DocId, epoch: Epoch })
const PresenceRoom = z.object({
  repl: ReplId,
  doc: z.literal(presenceRoom.doc),
  epoch: z.literal(presenceRoom.epoch),
})

/** The room a request path names, or null when it names none. */
export function parseRoomPath(path: string): RoomAddress | null {
  const [, head, repl, doc, epoch, ...rest] = path.split('/')
  if (head !== 'collab' || rest.length > 0) return null
  const parsed = z.union([DocumentRoom, PresenceRoom]).safeParse({ repl, doc, epoch })
  return parsed.success ? parsed.data : null
}
