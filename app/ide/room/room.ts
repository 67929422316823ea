// Joins one room of the relay through y-websocket with our subprotocol, token and notices; what the room holds is others' business.
import { createDecoder, readVarString, readVarUint, peekVarUint, type Decoder } from 'lib0/decoding'
import { createEncoder, toUint8Array, writeVarString, writeVarUint, type Encoder } from 'lib0/encoding'
import { WebsocketProvider } from 'y-websocket'
import type * as Y from 'yjs'
import { closeCode, collabMessage, RoomNotice, syncKind } from '../../../protocol/document.ts'
import { asAppError } from '../../../protocol/errors.ts'
import { between, isFinal, type DoorsKeeper } from '../link/doors.ts'
import { createScope } from '../scope.ts'
import { countingSocket } from './counting-socket.ts'

export type RoomEvents = {
  away?: () => void
  opened?: () => void
  sent?: (kind: 'step2' | 'update') => void
  told?: (logged: number, saved: number) => void
  notice?: (notice: RoomNotice) => void
  /** The room refused for good. */
  closed?: (code: number, reason: string) => void
}

export type Room = {
  provider: WebsocketProvider
  /** While held, others' edits wait outside the document: an input-method composition must not be moved. */
  hold: (held: boolean) => void
  /** Gives up a connection that may be dead without saying so, and tries at once. */
  retry: () => void
  dispose: () => void
}

export type RoomPlan = { doors: DoorsKeeper; name: string; doc: Y.Doc; events: RoomEvents }

/** Wait before the first and the longest before a later try, in milliseconds. */
const backoffMs = { first: 200, longest: 4_000 }
/** Wait before the first and before a later try with a new token, in milliseconds. */
const tokenMs = { first: { low: 50, high: 250 }, later: { low: 2_000, high: 4_000 } }

export function joinRoom({ doors, name, doc, events }: RoomPlan): Room {
  const scope = createScope()
  const provider = new WebsocketProvider(doors.latest.get()?.collab ?? '', name, doc, {
    connect: false,
    disableBc: true,
    WebSocketPolyfill: countingSocket({
      token: () => doors.latest.get()?.token ?? '',
      sent: (kind) => events.sent?.(kind),
    }),
  })
  scope.add(() => provider.destroy())
  provider.messageHandlers[collabMessage.progress] = (_reply: Encoder, from: Decoder) =>
    events.told?.(readVarUint(from), readVarUint(from))
  provider.messageHandlers[collabMessage.notice] = (_reply: Encoder, from: Decoder) => {
    const notice = RoomNotice.safeParse(parseJson(readVarString(from)))
    if (notice.success) events.notice?.(notice.data)
  }
  const hold = holdable(provider)
  /** True from a token's refusal until something of the room has come. */
  let isTokenDoubted = false
  provider.on('sync', () => (isTokenDoubted = false))
  provider.on('status', ({ status }) => {
    if (status === 'connected') events.opened?.()
  })
  // After each connection that ended and each try that failed, before y-websocket reckons its wait.
  provider.on('connection-close', () => {
    const longest = Math.min(backoffMs.longest, backoffMs.first * 2 ** provider.wsUnsuccessfulReconnects)
    // Spread, so that a class does not come back in lockstep.
    provider.maxBackoffTime = between(0.4, 1) * longest
    events.away?.()
  })
  provider.on('closed', ({ code, reason }) => {
    if (code !== closeCode.badToken) return events.closed?.(code, reason)
    const refused = (say: string): void => events.closed?.(closeCode.forbidden, say)
    scope.add(reconnectWithNewToken({ provider, doors, refused, isFirst: !isTokenDoubted }))
    isTokenDoubted = true
  })
  scope.add(doors.latest.subscribe(() => bringToken(provider, doors)))
  provider.connect()
  const retry = (): void => {
    if (!provider.shouldConnect) return
    provider.disconnect()
    provider.connect()
  }
  return { provider, hold, retry, dispose: scope.dispose }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A renewed token goes over the open connection; a new address is used at the next one. */
function bringToken(provider: WebsocketProvider, doors: DoorsKeeper): void {
  const now = doors.latest.get()
  if (now === null) return
  provider.serverUrl = now.collab
  if (!provider.wsconnected || provider.ws === null) return
  const frame = createEncoder()
  writeVarUint(frame, collabMessage.token)
  writeVarString(frame, now.token)
  provider.ws.send(toUint8Array(frame))
}

type Renewal = {
  provider: WebsocketProvider
  doors: DoorsKeeper
  /** No token is given any more. */
  refused: (say: string) => void
  isFirst: boolean
}

function reconnectWithNewToken({ provider, doors, refused, isFirst }: Renewal): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false
  const failed = (thrown: unknown): void => {
    if (isOver) return
    if (isFinal(thrown)) refused(asAppError(thrown).say)
    else again(tokenMs.later)
  }
  const renew = (): void => void doors.renew().then(() => (isOver ? undefined : provider.connect()), failed)
  const again = ({ low, high }: { low: number; high: number }): void => {
    timer = setTimeout(renew, between(low, high))
  }
  again(isFirst ? tokenMs.first : tokenMs.later)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}

/** Wraps the sync handler: while held, frames that change text are kept in order and handled at release. */
function holdable(provider: WebsocketProvider): (held: boolean) => void {
  const handle = provider.messageHandlers[collabMessage.sync]
  let isHeld = false
  let kept: Uint8Array[] = []
  const replay = (): void => {
    const frames = kept
    kept = []
    for (const frame of frames)
      handle?.(createEncoder(), createDecoder(frame), provider, true, collabMessage.sync)
  }
  provider.messageHandlers[collabMessage.sync] = (...args) => {
    const [, decoder] = args
    if (isHeld && peekVarUint(decoder) !== syncKind.step1) kept.push(rest(decoder))
    else handle?.(...args)
  }
  // What was kept belongs to a connection; the next one's first sync brings it again.
  provider.on('status', ({ status }) => {
    if (status === 'disconnected') kept = []
  })
  return (held) => {
    isHeld = held
    if (!held) replay()
  }
}

function rest(decoder: Decoder): Uint8Array {
  return decoder.arr.slice(decoder.pos)
}
