// What a preview's headers become on their way: a dev server sees its own localhost, a browser sees the preview's origin, and
// neither sees a cookie of ours. Pure.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { passedOn } from '../../../protocol/hop.ts'
import { cookiesToBrowser, cookiesToProgram } from './cookies.ts'
import { originOfPort, ownPortAt, urlOf, type PreviewSite } from './site.ts'

/**
 * Said to us by the way in alone, or of an outside that a program on its own localhost has not: one that hears both holds an
 * origin of localhost for a foreign one (Next's server actions).
 */
const ofTheWay = /^(?:x-devex-.*|forwarded|x-forwarded-(?:host|proto|port|server))$/
/** A dev server may not bind a browser beyond its own origin: to TLS, to another address, out of our pane, or of a host's cookies. */
const unwanted = new Set([
  'clear-site-data',
  'strict-transport-security',
  'alt-svc',
  'x-frame-options',
  'public-key-pins',
  'set-cookie2',
])
const localNames = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0|\[::\])$/

export function toProgram(headers: IncomingHttpHeaders, site: PreviewSite): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = passedOn(headers, (name) => !ofTheWay.test(name))
  kept['host'] = `localhost:${site.port}`
  for (const name of ['origin', 'referer']) {
    const value = kept[name]
    if (typeof value === 'string') kept[name] = inward(value, site)
  }
  const cookie = cookiesToProgram(headers.cookie ?? '', site)
  if (cookie === '') delete kept['cookie']
  else kept['cookie'] = cookie
  return kept
}

/** `ancestors`: origins that may show this preview in a frame; null = all. */
export function toBrowser(
  headers: IncomingHttpHeaders,
  site: PreviewSite,
  ancestors: readonly string[] | null,
): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = passedOn(headers, (name) => !unwanted.has(name))
  for (const name of ['location', 'content-location', 'access-control-allow-origin']) {
    const value = kept[name]
    if (typeof value === 'string') kept[name] = outward(value, site)
  }
  const cookies = cookiesToBrowser(headers['set-cookie'] ?? [], site)
  if (cookies.length === 0) delete kept['set-cookie']
  else kept['set-cookie'] = cookies
  const policies = withoutAncestors([headers['content-security-policy'] ?? []].flat().join(', '))
  if (ancestors !== null) policies.push(`frame-ancestors 'self' ${ancestors.join(' ')}`)
  if (policies.length === 0) delete kept['content-security-policy']
  else kept['content-security-policy'] = policies.join(', ')
  return kept
}

/** An address of one of the repl's previews becomes that of its program; every other stays. */
function inward(value: string, site: PreviewSite): string {
  const [origin = ''] = /^https?:\/\/[^/?#]+/i.exec(value) ?? []
  const port = ownPortAt(origin, site)
  return port === null ? value : `http://localhost:${port}${value.slice(origin.length)}`
}

/** An address of this machine as the program knows it becomes the preview's; every other stays. */
function outward(value: string, site: PreviewSite): string {
  const url = /^(?:https?:)?\/\//i.test(value) ? urlOf(value, 'http://localhost') : null
  if (url === null || !localNames.test(url.hostname)) return value
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const origin = port === site.port ? site.origin : originOfPort(site, port)
  if (origin === null) return value
  const hasPath = /^(?:https?:)?\/\/[^/?#]+[/?#]/i.test(value)
  return origin + (hasPath ? url.pathname + url.search + url.hash : '')
}

/** A policy's own word about frames would forbid our pane; ours takes its place. Several policies come in one header, by commas. */
function withoutAncestors(header: string): string[] {
  return header.split(',').flatMap((policy) => {
    const directives = policy.split(';').map((directive) => directive.trim())
    const kept = directives.filter(
      (directive) => directive !== '' && !/^frame-ancestors(?:\s|$)/i.test(directive),
    )
    return kept.length === 0 ? [] : [kept.join('; ')]
  })
}
