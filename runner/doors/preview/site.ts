// Which preview a request is for, as the way in says it, and whether the page that sent it is one of this preview's own. Pure.
import type { IncomingMessage } from 'node:http'
import {
  Port,
  previewLabel,
  previewOriginHeader,
  previewPortHeader,
  readPreviewLabel,
} from '../../../protocol/preview.ts'
import type { Login, Site } from './login.ts'

export type PreviewSite = Site & {
  repl: string
  /** What the names of its program's cookies begin with where its host is shared. */
  mark: string
  /** False where its host is that of other previews, too, and of the app: one port each. Browsers keep a host's cookies for all its ports. */
  hasOwnHost: boolean
  /** The preview's own origin, as the browser knows it. */
  origin: string
}

/** Null for a request that did not come by our way in. */
export function siteOf(
  { headers }: IncomingMessage,
  { repl, login }: { repl: string; login: Pick<Login, 'mark'> },
): PreviewSite | null {
  const port = Port.safeParse(Number(headers[previewPortHeader]))
  const origin = originIn(headers[previewOriginHeader])
  if (!port.success || origin === null) return null
  const isLocal = origin.hostname.endsWith('.localhost')
  const secure = isLocal || origin.protocol === 'https:'
  const hasOwnHost = readPreviewLabel(firstLabel(origin)) !== null
  return { repl, port: port.data, mark: login.mark(port.data), origin: origin.origin, secure, hasOwnHost }
}

const firstLabel = ({ hostname }: URL): string => hostname.split('.')[0] ?? ''

function originIn(text: string | string[] | undefined): URL | null {
  const url = typeof text === 'string' ? urlOf(text) : null
  return url !== null && /^https?:$/.test(url.protocol) ? url : null
}

/** Null for what is no address. */
export function urlOf(text: string, base?: string): URL | null {
  return URL.canParse(text, base) ? new URL(text, base) : null
}

/** The origin of another port of the same repl; null where previews share a host. */
export function originOfPort(site: PreviewSite, port: number): string | null {
  const url = new URL(site.origin)
  const [label = '', ...suffix] = url.hostname.split('.')
  const place = readPreviewLabel(label)
  if (place === null) return null
  url.hostname = [previewLabel({ ...place, port }), ...suffix].join('.')
  return url.origin
}

/**
 * True when the login's cookie may count: what sent the request is a page of this preview, of another port of the same repl,
 * or the person at the address bar. A foreign page's request carries the cookie too where both lie in the same tab.
 */
export function isOwnRequest(request: IncomingMessage, site: PreviewSite): boolean {
  const { origin, 'sec-fetch-site': from, 'sec-fetch-dest': to } = request.headers
  if (origin !== undefined) return isOwnOrigin(origin, site)
  if (from === undefined || from === 'same-origin' || from === 'none') return true
  return to === 'document' && (request.method === 'GET' || request.method === 'HEAD')
}

function isOwnOrigin(origin: string, site: PreviewSite): boolean {
  return ownPortAt(origin, site) !== null
}

/** The port of the same repl that is seen at this origin, or null. Where previews share a host only the site's own is known. */
export function ownPortAt(origin: string, site: PreviewSite): number | null {
  if (origin === site.origin) return site.port
  const url = urlOf(origin)
  const place = url === null ? null : readPreviewLabel(firstLabel(url))
  return place !== null && originOfPort(site, place.port) === origin ? place.port : null
}

/** The origin of the app that belongs to this preview's address: the same machine name, or the first there is. */
export function appOriginFor(site: PreviewSite, origins: readonly string[]): string {
  const { hostname } = new URL(site.origin)
  const wanted = hostname.endsWith('.localhost') ? 'localhost' : hostname
  return origins.find((origin) => new URL(origin).hostname === wanted) ?? origins[0] ?? ''
}
