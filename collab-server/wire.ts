// Encodes and decodes the frames of a room (y-protocols plus ours); holds no connection.
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { collabMessage, syncKind } from '../protocol/document.ts'
import type { RoomNotice } from '../protocol/document.ts'
import { limits } from '../protocol/limits.ts'

/** A peer's frame, decoded. `other` is a type we do not speak: counted and dropped. */
export type PeerFrame =
  | { type: 'step1'; vector: Uint8Array }
  | { type: 'update'; update: Uint8Array; isEmpty: boolean; isStep2: boolean }
  | { type: 'presence'; states: PresenceEntry[] }
  | { type: 'query' }
  | { type: 'token'; token: string }
  | { type: 'other' }

/** One entry of a presence frame; `state` is JSON text, `null` when the peer left. */
export type PresenceEntry = { client: number; clock: number; state: string }

/**
 * Throws on anything that cannot be decoded whole. What will be refused whatever it holds, an edit of one who may not edit or one
 * that is too large, is not decoded: a few bytes an item, it would take seconds.
 */
export function decodePeerFrame(frame: Uint8Array, { mayEdit }: { mayEdit: boolean }): PeerFrame {
  const decoder = decoding.createDecoder(frame)
  const type = decoding.readVarUint(decoder)
  if (type === collabMessage.sync) return decodeSync(decoder, mayEdit)
  if (type === collabMessage.presence)
    return { type: 'presence', states: decodePresence(decoding.readVarUint8Array(decoder)) }
  if (type === collabMessage.queryPresence) return { type: 'query' }
  if (type === collabMessage.token) return { type: 'token', token: decoding.readVarString(decoder) }
  return { type: 'other' }
}

function decodeSync(decoder: decoding.Decoder, mayEdit: boolean): PeerFrame {
  const kind = decoding.readVarUint(decoder)
  const bytes = decoding.readVarUint8Array(decoder)
  if (kind === syncKind.step1) {
    checkVector(bytes)
    return { type: 'step1', vector: bytes }
  }
  if (kind !== syncKind.step2 && kind !== syncKind.update) throw new RangeError(`unknown sync kind ${kind}`)
  const isStep2 = kind === syncKind.step2
  const isTaken = mayEdit && bytes.length <= limits.collabUpdateBytes
  return {
    type: 'update',
    update: bytes,
    isEmpty: isTaken ? isEmptyUpdate(bytes) : isNothing(bytes),
    isStep2,
  }
}

/** No structs of nobody, and nothing deleted: what one who lacks nothing answers. */
const isNothing = (update: Uint8Array): boolean => update.length === 2 && update[0] === 0 && update[1] === 0

function isEmptyUpdate(update: Uint8Array): boolean {
  const { structs, ds } = Y.decodeUpdate(update)
  return structs.length === 0 && ds.clients.size === 0
}

/** Throws unless it is a state vector of bounded size; reads it without keeping anything of it. */
function checkVector(vector: Uint8Array): void {
  if (vector.length > limits.vectorBytes) throw new RangeError('the state vector is too long')
  const decoder = decoding.createDecoder(vector)
  const clients = decoding.readVarUint(decoder)
  for (let i = 0; i < 2 * clients; i++) decoding.readVarUint(decoder)
}

function decodePresence(bytes: Uint8Array): PresenceEntry[] {
  const decoder = decoding.createDecoder(bytes)
  const count = decoding.readVarUint(decoder)
  const entries: PresenceEntry[] = []
  for (let i = 0; i < count; i++) {
    const client = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    entries.push({ client, clock, state: decoding.readVarString(decoder) })
  }
  return entries
}

function frame(type: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, type)
  write(encoder)
  return encoding.toUint8Array(encoder)
}

function syncFrame(kind: number, bytes: Uint8Array): Uint8Array {
  return frame(collabMessage.sync, (encoder) => {
    encoding.writeVarUint(encoder, kind)
    encoding.writeVarUint8Array(encoder, bytes)
  })
}

export const step1Frame = (vector: Uint8Array): Uint8Array => syncFrame(syncKind.step1, vector)
export const step2Frame = (state: Uint8Array): Uint8Array => syncFrame(syncKind.step2, state)
export const updateFrame = (update: Uint8Array): Uint8Array => syncFrame(syncKind.update, update)

/** An empty list of states is what a stock client is sent to hear that we live. */
export function presenceFrame(entries: readonly PresenceEntry[]): Uint8Array {
  const inner = encoding.createEncoder()
  encoding.writeVarUint(inner, entries.length)
  for (const entry of entries) {
    encoding.writeVarUint(inner, entry.client)
    encoding.writeVarUint(inner, entry.clock)
    encoding.writeVarString(inner, entry.state)
  }
  return frame(collabMessage.presence, (encoder) =>
    encoding.writeVarUint8Array(encoder, encoding.toUint8Array(inner)),
  )
}

export function progressFrame(logged: number, saved: number): Uint8Array {
  return frame(collabMessage.progress, (encoder) => {
    encoding.writeVarUint(encoder, logged)
    encoding.writeVarUint(encoder, saved)
  })
}

export function noticeFrame(notice: RoomNotice): Uint8Array {
  return frame(collabMessage.notice, (encoder) => encoding.writeVarString(encoder, JSON.stringify(notice)))
}

/** One update of several; a single one goes through untouched. Only ever given one event-loop turn's few. */
export function mergeTurn(updates: readonly Uint8Array[]): Uint8Array {
  const [first, ...rest] = updates
  if (first === undefined) throw new RangeError('nothing to merge')
  return rest.length === 0 ? first : Y.mergeUpdates([...updates])
}

/** A state with `updates` in it. A document takes a hundred times less than merging encoded updates does. */
export function folded(state: Uint8Array, updates: readonly Uint8Array[]): Uint8Array {
  const doc = new Y.Doc()
  doc.transact(() => {
    for (const update of [state, ...updates]) Y.applyUpdate(doc, update)
  })
  const whole = Y.encodeStateAsUpdate(doc)
  doc.destroy()
  return whole
}

/** The part of `state` that a peer with `vector` lacks. */
export function missing(state: Uint8Array, vector: Uint8Array): Uint8Array {
  return Y.diffUpdate(state, vector)
}
