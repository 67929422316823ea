// Previews: the pages that people's programs serve. Their names, who may see them, and what the ways to them agree on.
import { z } from 'zod'
import { Role } from './access.ts'
import { base32, Generation, PersonId, ReplId, type Random } from './ids.ts'

export const Port = z.number().int().min(1).max(65535)

/** A port on which one of a repl's programs listens. `program` is the name that the system has for it, empty when it has none. */
export const OpenPort = z.object({ port: Port, program: z.string().max(64) })
export type OpenPort = z.infer<typeof OpenPort>

/** More than these are not listed; no page could show them. */
export const mostPorts = 64
export const OpenPorts = z.object({ ports: z.array(OpenPort).max(mostPorts) })
export type OpenPorts = z.infer<typeof OpenPorts>

/** Socket.io namespace `/ports` of a runner: the whole list, sorted by port, after connecting and after each change. A page sends nothing. */
export type PortsToPage = { ports: (list: OpenPorts) => void }

/**
 * The name of a repl in the hosts of its previews: a word from the repl's name and 6 random characters. It is one label of a
 * host, is never changed, and never given to another repl.
 */
export const PreviewSlug = z
  .string()
  .regex(/^(?:[a-z0-9]+-){0,8}[a-z2-7]{6}$/)
  .max(40)
export type PreviewSlug = z.infer<typeof PreviewSlug>

/** Characters of the slug that come from the repl's name. */
const wordLength = 24

export function newPreviewSlug(name: string, random: Random): PreviewSlug {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const words = plain.replace(/[^a-z0-9]+/g, '-').slice(0, wordLength)
  const parts = words
    .split('-')
    .filter((part) => part !== '')
    .slice(0, 8)
  return [...parts, base32(random(4)).slice(0, 6)].join('-')
}

export type PreviewPlace = { slug: PreviewSlug; port: number }

/** First label of a preview's host. */
export function previewLabel({ slug, port }: PreviewPlace): string {
  return `${slug}--${port}`
}

/** The preview that the first label of a host names, or null. */
export function readPreviewLabel(label: string): PreviewPlace | null {
  const found = /^([a-z0-9-]+)--([1-9]\d{0,4})$/.exec(label)
  const slug = PreviewSlug.safeParse(found?.[1])
  const port = Port.safeParse(Number(found?.[2]))
  return slug.success && port.success ? { slug: slug.data, port: port.data } : null
}

/** Who may see what listens on a port: the repl's owner, everybody with a role in it, or whoever has the address. */
export const Visibility = z.enum(['owner', 'members', 'public'])
export type Visibility = z.infer<typeof Visibility>
export const usualVisibility: Visibility = 'members'

/** What a runner has to know to let somebody see a preview; only ports that differ from the usual are named. */
export const PreviewRules = z.object({
  members: z.record(PersonId, Role),
  ports: z.record(z.string(), Visibility),
})
export type PreviewRules = z.infer<typeof PreviewRules>

/** True when somebody with `role` (null: nobody we know) may see it. */
export function maySee(visibility: Visibility, role: Role | null): boolean {
  if (visibility === 'public') return true
  return visibility === 'members' ? role !== null : role === 'owner'
}

/** Audience and claims of a one-time ticket for one preview, issued by the orchestrator. */
export const ticketAudience = 'devex-preview'
export const ticketSeconds = 60
export const TicketClaims = z.object({
  sub: PersonId,
  repl: ReplId,
  gen: Generation,
  port: Port,
  jti: z.string().min(16),
  iat: z.number(),
  exp: z.number(),
})
export type TicketClaims = z.infer<typeof TicketClaims>

/** Audience of a session's own token, signed with the session's key, by which its runner asks for the rules. */
export const rulesAudience = 'devex-preview-rules'

/** The only path of a preview's host that is ours: `enter?ticket=&to=` takes a ticket, `entered?to=` looks whether the cookie came. */
export const previewOwnPath = '/__devex/'

/** Names of our cookies begin so on every host; none of them ever reaches a person's program. */
export const ownCookies = /^(?:__Host-)?devex(?:$|[-_])/i
/** Of these the cookies of a preview's login. */
export const previewCookies = /^(?:__Host-)?devex-preview-/

/** Headers that the way in sets for a runner's preview door, which believes nothing else: the port, and the preview's own origin. */
export const previewPortHeader = 'x-devex-preview-port'
export const previewOriginHeader = 'x-devex-preview-origin'

/** The socket of a runner's preview door, beside that of its other doors: what comes here never meets one of those. */
export function previewSocketOf(socket: string): string {
  return `${socket}p`
}

/** Where previews have hosts of their own: `*.<suffix>` at an http(s) origin's scheme and port. */
export type PreviewBase = { scheme: 'http' | 'https'; suffix: string; port: string }

/** Reads `*.example.org`, `https://*.example.org` or `http://*.example.org:7070`; null when it is none of these. `port` is ours unless named. */
export function readPreviewBase(text: string, port: number): PreviewBase | null {
  const found =
    /^(?:(https?):\/\/)?\*\.((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?::(\d{1,5}))?$/.exec(
      text.trim().toLowerCase(),
    )
  if (!found?.[2]) return null
  const scheme = found[1] === 'https' ? 'https' : 'http'
  const usual = scheme === 'https' ? '' : String(port)
  return { scheme, suffix: found[2], port: found[3] ?? usual }
}

/** Every host of this base, as a source of a content security policy; with a label, the origin of one. */
export function originIn(base: PreviewBase, label = '*'): string {
  const isUsual = base.port === '' || base.port === (base.scheme === 'https' ? '443' : '80')
  return `${base.scheme}://${label}.${base.suffix}${isUsual ? '' : `:${base.port}`}`
}

/** True for the names and addresses of the machine that the browser itself runs on. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

/** Where the pages of our `origins` may find previews, as sources of a content security policy. */
export function previewSources(origins: readonly string[], previewHost: string | undefined): string[] {
  const sources = origins.flatMap((origin) => {
    const { hostname, port } = new URL(origin)
    const base = previewHost === undefined ? null : readPreviewBase(previewHost, Number(port || '80'))
    if (base !== null) return [originIn(base), `http://${hostname}:*`]
    const local: PreviewBase = { scheme: 'http', suffix: 'localhost', port }
    return isLoopbackHost(hostname) ? [originIn(local), `http://${hostname}:*`] : [`http://${hostname}:*`]
  })
  return [...new Set(sources)]
}

/** API: `POST /v1/repls/:repl/previews` AskPreview → {preview: Preview}; `PATCH` on it ShowPreview → {rules}. */
export const AskPreview = z.object({
  port: Port,
  /** The page's own origin: an address that reaches us there reaches previews too. */
  from: z.string().max(300),
  /** Path to begin at. */
  to: z.string().max(2000).default('/'),
  /** True when this browser did not reach a host of its own for the preview: it gets a port of the front door. */
  plain: z.boolean().default(false),
  /** False when the wish may be another site's: only a port of the front door that is there already is answered. */
  mayOpen: z.boolean().default(true),
})
export const Preview = z.object({
  port: Port,
  /** Origin of the preview, to show and to give away. */
  origin: z.string(),
  /** Address with a one-time ticket; good for a minute. */
  url: z.string(),
  visibility: Visibility,
})
export type Preview = z.infer<typeof Preview>
export const ShowPreview = z.object({ port: Port, visibility: Visibility })
