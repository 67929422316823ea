// Which headers pass the front door, in each direction: nothing of one hop, nothing forged, no cookie of the app to or from others.
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { passedOn } from '../../../protocol/hop.ts'
import {
  ownCookies,
  previewCookies,
  previewOriginHeader,
  previewPortHeader,
} from '../../../protocol/preview.ts'
import type { Way } from './way.ts'

/** Said only by us. */
const forgeable = /^(forwarded|x-forwarded-.*|x-real-ip|x-original-.*|x-rewrite-.*|x-devex-.*)$/

/** What a runner or relay may never say to a browser on the app's own origin: these change the origin itself. */
const ofOrigin = new Set(['set-cookie', 'set-cookie2', 'clear-site-data', 'service-worker-allowed'])

/** Headers of a request as they go on; `Authorization` is kept, each side gets its own cookies alone. */
export function requestHeaders(req: IncomingMessage, way: Way): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = passedOn(
    req.headers,
    (name) => !forgeable.test(name) && name !== 'cookie',
  )
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
  if (way.to !== 'preview') return passedOn(answer.headers, (name) => way.to === 'app' || !ofOrigin.has(name))
  const headers: OutgoingHttpHeaders = passedOn(answer.headers, (name) => name !== 'set-cookie2')
  const cookies = (answer.headers['set-cookie'] ?? []).filter(
    (cookie) => !isOfApp(cookie.split('=')[0]?.trim() ?? ''),
  )
  if (answer.headers['set-cookie'] !== undefined) headers['set-cookie'] = cookies
  return headers
}
