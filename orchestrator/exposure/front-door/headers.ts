// Which headers pass the front door, in each direction: nothing of one hop, nothing forged, no cookie of the app to or from others.
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import {
  ownCookies,
  previewCookies,
  previewOriginHeader,
  previewPortHeader,
} from '../../../protocol/preview.ts'
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
const forgeable = /^(forwarded|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-.*|x-devex-.*)$/

/** What a runner or relay may never say to a browser on the app's own origin: these change the origin itself. */
const ofOrigin = new Set(['set-cookie', 'set-cookie2', 'clear-site-data', 'service-worker-allowed'])

/** Headers of a request as they go on; `Authorization` is kept, each side gets its own cookies alone. */
export function requestHeaders(req: IncomingMessage, way: Way): OutgoingHttpHeaders {
  const headers = passed(req.headers, (name) => !forgeable.test(name) && name !== 'cookie')
  const cookies = cookiesFor(way, req.headers.cookie ?? '')
  if (cookies !== '') headers['cookie'] = cookies
  headers['x-forwarded-host'] = req.headers.host ?? ''
  headers['x-forwarded-proto'] = 'http'
  headers['x-forwarded-for'] = req.socket.remoteAddress ?? ''
  if (way.to === 'preview') {
    headers['x-forwarded-proto'] = new URL(way.origin).protocol.replace(':', '')
    headers[previewPortHeader] = String(way.port)
    headers[previewOriginHeader] = way.origin
  }
  return headers
}

/**
 * A body that came with its end marked goes on with its end marked: node sends that of a GET bare, and what is behind us would
 * read it as a second request.
 */
export function framed(from: IncomingHttpHeaders, to: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const hasBody = from['transfer-encoding'] !== undefined || from['content-length'] !== undefined
  return hasBody && to['content-length'] === undefined ? { ...to, 'transfer-encoding': 'chunked' } : to
}

/** A host's cookies go to each of its ports: the app gets those that are named as ours, a preview those that are not the app's. */
function cookiesFor(way: Way, header: string): string {
  if (way.to !== 'app' && way.to !== 'preview') return ''
  const parts = header.split(';').map((part) => part.trim())
  const names = parts.map((part) => part.split('=')[0]?.trim() ?? '')
  // A page at another port of this host can plant a second one of the same name; which is ours nobody could say.
  const isWanted = (name: string) =>
    way.to === 'app'
      ? isOfApp(name) && names.indexOf(name) === names.lastIndexOf(name)
      : name !== '' && !isOfApp(name)
  return parts.filter((_part, at) => isWanted(names[at] ?? '')).join('; ')
}

function isOfApp(name: string): boolean {
  return ownCookies.test(name) && !previewCookies.test(name)
}

/** Headers of an answer as they come back. */
export function answerHeaders(answer: IncomingMessage, way: Way): OutgoingHttpHeaders {
  if (way.to !== 'preview') return passed(answer.headers, (name) => way.to === 'app' || !ofOrigin.has(name))
  const headers = passed(answer.headers, (name) => name !== 'set-cookie2')
  const cookies = (answer.headers['set-cookie'] ?? []).filter(
    (cookie) => !isOfApp(cookie.split('=')[0]?.trim() ?? ''),
  )
  if (answer.headers['set-cookie'] !== undefined) headers['set-cookie'] = cookies
  return headers
}

function passed(headers: IncomingHttpHeaders, isWanted: (name: string) => boolean): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
  const kept = Object.entries(headers).filter(
    ([name]) => !ofOneHop.has(name) && !named.has(name) && isWanted(name),
  )
  return Object.fromEntries(kept)
}
