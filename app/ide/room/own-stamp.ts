// Reads what the relay stamped on this page's own presence; y-protocols ignores what comes back about oneself.
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding'
import type { WebsocketProvider } from 'y-websocket'
import { collabMessage } from '../../../protocol/document.ts'
import { PresenceUser } from '../../../protocol/presence.ts'

export function onOwnStamp(provider: WebsocketProvider, stamped: (user: PresenceUser) => void): void {
  const handle = provider.messageHandlers[collabMessage.presence]
  provider.messageHandlers[collabMessage.presence] = (...args) => {
    const [, from] = args
    const mine = stateOf(readVarUint8Array(createDecoder(from.arr.slice(from.pos))), provider.doc.clientID)
    if (mine !== null) stamped(mine)
    handle?.(...args)
  }
}

/** A y-protocols presence update is a count, then client, clock and JSON state of each. */
function stateOf(update: Uint8Array, client: number): PresenceUser | null {
  const from = createDecoder(update)
  for (let left = readVarUint(from); left > 0; left -= 1) {
    const of = readVarUint(from)
    readVarUint(from)
    const state = readVarString(from)
    if (of === client) return parse(state)
  }
  return null
}

function parse(state: string): PresenceUser | null {
  try {
    const value: unknown = JSON.parse(state)
    const user: unknown = typeof value === 'object' && value !== null && 'user' in value ? value.user : null
    return PresenceUser.safeParse(user).data ?? null
  } catch {
    return null
  }
}
