// Which headers pass the front door, in each direction: nothing of one hop, nothing forged, no cookie of the app to or from others.
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Way } from './way.ts'

/** Meant for one hop (RFC 9110, 7.6.1), or answered by this one. */
const ofOneHop = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Said only by us. */
const forgeable = /^(forwarded|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-.*)$/

/** What a runner or relay may never say to a browser on the app's own origin: these change the origin itself. */
const ofOrigin = new Set(['set-cookie', 'set-cookie2', 'clear-site-data', 'service-worker-allowed'])

/** Headers of a request as they go on; `Authorization` is kept, cookies go to the app alone. */
export function requestHeaders(req: IncomingMessage, way: Way): OutgoingHttpHeaders {
  const headers = passed(
    req.headers,
    (name) => !forgeable.test(name) && (way.to === 'app' || name !== 'cookie'),
  )
  headers['x-forwarded-host'] = req.headers.host ?? ''
  headers['x-forwarded-proto'] = 'http'
  headers['x-forwarded-for'] = req.socket.remoteAddress ?? ''
  return headers
}

/** Headers of an answer as they come back. */
export function answerHeaders(answer: IncomingMessage, way: Way): OutgoingHttpHeaders {
  return passed(answer.headers, (name) => way.to === 'app' || !ofOrigin.has(name))
}

function passed(headers: IncomingHttpHeaders, isWanted: (name: string) => boolean): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
  const kept = Object.entries(headers).filter(
    ([name]) => !ofOneHop.has(name) && !named.has(name) && isWanted(name),
  )
  return Object.fromEntries(kept)
}
