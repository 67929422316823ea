// What becomes of a program's cookies on their way to a browser and back: they stay its own host's, and where previews share a
// host they are named after their preview, so that no program and no page sees another's. Pure.
import { ownCookies } from '../../../protocol/preview.ts'
import type { PreviewSite } from './site.ts'

/**
 * Before a program's cookie's own name where its host is shared: which preview it belongs to. No page can know the mark, so
 * none can set what another preview's program would take for its own.
 */
const sharedPrefix = ({ mark }: PreviewSite): string => `__dvx_${mark}_`

/** The Cookie header as the program gets it; empty when nothing is left. */
export function cookiesToProgram(header: string, site: PreviewSite): string {
  const parts = header.split(';').map((part) => part.trim())
  const kept = site.hasOwnHost ? parts : onlyOnce(parts)
  return kept.flatMap((part) => programCookie(part, site)).join('; ')
}

/** Of two by one name nobody can say which is the program's own. */
function onlyOnce(parts: readonly string[]): string[] {
  const count = new Map<string, number>()
  for (const part of parts) count.set(nameOf(part), (count.get(nameOf(part)) ?? 0) + 1)
  return parts.filter((part) => count.get(nameOf(part)) === 1)
}

function programCookie(part: string, site: PreviewSite): string[] {
  const name = nameOf(part)
  if (part === '' || ownCookies.test(name)) return []
  if (site.hasOwnHost) return [part]
  // What a page's script has set here by another name may be any preview's: no program gets it.
  const prefix = sharedPrefix(site)
  return name.startsWith(prefix) ? [part.slice(prefix.length).replace(/^=/, '')] : []
}

/** The Set-Cookie headers as the browser gets them. */
export function cookiesToBrowser(cookies: readonly string[], site: PreviewSite): string[] {
  return cookies.flatMap((cookie) => {
    const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim())
    if (ownCookies.test(nameOf(pair))) return []
    return [[named(pair, site), ...attributesFor(attributes, site)].join('; ')]
  })
}

/** Browsers take a cookie without `=` for a value without a name: behind a prefix it needs both. */
function named(pair: string, site: PreviewSite): string {
  if (site.hasOwnHost) return pair
  return sharedPrefix(site) + (pair.includes('=') ? pair : `=${pair}`)
}

/**
 * A program's cookie is its own host's alone. In the pane our page is the top, so one that is to come back there has to be
 * partitioned, which keeps it from other sites as well as Lax does. A browser takes neither `Secure` nor `SameSite=None` over
 * plain http. On a shared host no script may read it: it would be another preview's, too.
 */
function attributesFor(attributes: readonly string[], { secure, hasOwnHost }: PreviewSite): string[] {
  const dropped = secure
    ? /^(?:domain|samesite|secure|partitioned)(?:$|\s*=)/i
    : /^(?:domain|secure|partitioned|samesite\s*=\s*none)(?:$|\s*=)/i
  const kept = attributes.filter(
    (attribute) => attribute !== '' && !dropped.test(attribute) && !/^httponly(?:$|\s*=)/i.test(attribute),
  )
  const isHidden = !hasOwnHost || attributes.some((attribute) => /^httponly(?:$|\s*=)/i.test(attribute))
  return [
    ...kept,
    ...(isHidden ? ['HttpOnly'] : []),
    ...(secure ? ['Secure', 'SameSite=None', 'Partitioned'] : []),
  ]
}

const nameOf = (pair: string): string => (pair.split('=')[0] ?? '').trim()
