// What the front door says itself, in three forms: JSON for programs, a small page for people, raw bytes on an upgrade's socket.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ErrorCode, errorStatus } from '../../../protocol/errors.ts'

/** `status` where HTTP has a closer word than the code's own. */
export type Refusal = { code: ErrorCode; say: string; status?: number }

/** Seconds after which a page tries again by itself. */
const retrySeconds = 2

export const refusals = {
  badTarget: { code: 'bad-input', say: 'This address cannot be understood.' },
  foreignHost: {
    code: 'foreign-origin',
    say: 'This DevEx is not known by the address you used. Open the address it was started with.',
  },
  notWebsocket: { code: 'bad-input', say: 'Only websocket upgrades are served here.' },
  notRunning: { code: 'not-running', say: 'This REPL is not running. Start it first.' },
  noPreview: { code: 'not-found', say: 'There is no preview at this address.' },
  away: { code: 'unavailable', say: 'This part of DevEx is starting or restarting. Try again in a moment.' },
  broken: {
    code: 'unavailable',
    say: 'This part of DevEx did not answer. Try again in a moment.',
    status: 502,
  },
} satisfies Record<string, Refusal>

/** Answers a request; people who were after a page get one, which tries again where that can help. */
export function refuse(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent) return void res.destroy()
  const status = statusOf(refusal)
  const page = wantsPage(req) ? pageOf(refusal.say, status >= 500) : null
  const body = page ?? jsonOf(refusal)
  if (status >= 500) res.setHeader('retry-after', retrySeconds)
  res.writeHead(status, {
    'content-type': page === null ? 'application/json' : 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  // Unread bytes are drained, or the other side would see a reset instead of the reason.
  req.resume()
  res.end(body)
}

/** Answers on the bare socket of an upgrade and ends it. */
export function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const status = statusOf(refusal)
  const body = jsonOf(refusal)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  endSoon(socket, `${head.join('\r\n')}\r\n\r\n${body}`)
}

/** Milliseconds that a socket gets to take its last bytes. */
const lingerMs = 2_000

/**
 * Ends `socket` with its last bytes and reads on until the other side ends too: closing over unread bytes would send a reset, and
 * a reset overtakes the reason. One that takes too long is cut off.
 */
export function endSoon(socket: Duplex, last?: string): void {
  if (socket.destroyed) return
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
  socket.end(last)
  socket.resume()
}

function statusOf({ code, status }: Refusal): number {
  return status ?? errorStatus[code]
}

function jsonOf({ code, say }: Refusal): string {
  return JSON.stringify({ code, say })
}

function wantsPage(req: IncomingMessage): boolean {
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  return isRead && (req.headers.accept ?? '').includes('text/html')
}

/** `say` is always one of ours, never a visitor's. */
function pageOf(say: string, isRetrying: boolean): string {
  const again = isRetrying ? `<meta http-equiv="refresh" content="${retrySeconds}">` : ''
  const more = isRetrying ? '<p>This page tries again by itself.</p>' : ''
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>DevEx</title>
<meta name="viewport" content="width=device-width">${again}
<meta name="color-scheme" content="light dark">
<style>body{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0 1rem}</style>
</head><body><main><h1>${isRetrying ? 'One moment' : 'Not here'}</h1><p>${say}</p>${more}</main></body></html>
`
}
