// A WebSocket that offers our subprotocol with the freshest token and counts the sync frames it sends; it reads nothing.
import { collabMessage, collabSubprotocol, syncKind } from '../../../protocol/document.ts'
import { bearerPrefix } from '../../../protocol/access.ts'

export type SocketWatch = {
  token: () => string
  sent: (kind: 'step2' | 'update') => void
}

/** First two varUints of a sync frame are below 128, so each is one byte. */
function syncKindOf(frame: unknown): number | null {
  const bytes =
    frame instanceof Uint8Array ? frame : frame instanceof ArrayBuffer ? new Uint8Array(frame) : null
  if (bytes === null || bytes.length < 2 || bytes[0] !== collabMessage.sync) return null
  return bytes[1] ?? null
}

/** y-websocket makes a new socket for each try and knows no functions for tokens, so the class itself asks. */
export function countingSocket(watch: SocketWatch): typeof WebSocket {
  return class CountingSocket extends WebSocket {
    constructor(url: string | URL) {
      super(url, [collabSubprotocol, bearerPrefix + watch.token()])
    }

    override send(data: Parameters<WebSocket['send']>[0]): void {
      super.send(data)
      const kind = syncKindOf(data)
      if (kind === syncKind.step2) watch.sent('step2')
      else if (kind === syncKind.update) watch.sent('update')
    }
  }
}
