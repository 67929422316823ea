// The login of previews: takes a one-time ticket, gives a cookie of this host, reads it again. Decides not who may see what.
import { createHmac, createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { RunnerLaunch } from '../../../protocol/control.ts'
import { PersonId } from '../../../protocol/ids.ts'
import { Port, ticketSeconds, type TicketClaims } from '../../../protocol/preview.ts'

/** Seconds for which a browser is known; a session seldom lasts so long. */
const cookieSeconds = 12 * 3600

/** Hexadecimal digits: nobody guesses 96 bits, and a cookie's name stays short. */
const markDigits = 24

const Content = z.object({ person: PersonId, port: Port, until: z.number() })

/** `secure`: the browser keeps cookies here that travel in a frame; else the host is one that other ports share. */
export type Site = { port: number; secure: boolean }

export type Login = {
  /** The cookies that make this browser known as the ticket's person; null for a ticket that was used before. */
  take(ticket: TicketClaims, site: Site): string[] | null
  /** Who this browser is, by its cookie, or null. */
  person(cookieHeader: string | undefined, site: Site): string | null
  /** What names this port's program's cookies on a shared host. This session alone knows it; another runner of it says the same. */
  mark(port: number): string
}

type Clock = { now(): number }

export function previewLogin(launch: Pick<RunnerLaunch, 'repl' | 'privateKey'>, clock: Clock): Login {
  const key = createHash('sha256').update(`devex-preview-cookie|${launch.privateKey}`).digest()
  const markKey = createHash('sha256').update(`devex-program-cookies|${launch.privateKey}`).digest()
  const used = usedTickets(clock)
  const name = (site: Site): string => cookieName(launch.repl, site)
  return {
    mark: (port) => sign(String(port), markKey).toString('hex').slice(0, markDigits),
    take: (ticket, site) => {
      if (!used.first(ticket)) return null
      const content = { person: ticket.sub, port: site.port, until: clock.now() + cookieSeconds * 1000 }
      return cookies(name(site), seal(JSON.stringify(content), key), site)
    },
    person: (header, site) => {
      const found = [...valuesOf(header, name(site)), ...valuesOf(header, plainName(launch.repl, site.port))]
      for (const value of found) {
        const content = unseal(value, key)
        if (content !== null && content.port === site.port && content.until > clock.now())
          return content.person
      }
      return null
    },
  }
}

/** Tickets of before our own start count as used: what we knew of them is gone. */
function usedTickets(clock: Clock): { first(ticket: TicketClaims): boolean } {
  const begun = Math.floor(clock.now() / 1000)
  const used = new Map<string, number>()
  return {
    first: ({ jti, iat, exp }) => {
      for (const [id, until] of used) if (until < clock.now()) used.delete(id)
      if (iat < begun || used.has(jti)) return false
      used.set(jti, (exp + 2 * ticketSeconds) * 1000)
      return true
    },
  }
}

const plainName = (repl: string, port: number): string => `devex-preview-${repl.slice(0, 8)}-${port}`

function cookieName(repl: string, { port, secure }: Site): string {
  return secure ? `__Host-${plainName(repl, port)}` : plainName(repl, port)
}

/**
 * In a pane our page is the top: only a partitioned cookie comes back there. A second, plain one is for browsers that keep no
 * secure cookies on a plain http host; it comes back in a tab.
 */
function cookies(name: string, value: string, { secure }: Site): string[] {
  const common = `Path=/; Max-Age=${cookieSeconds}; HttpOnly`
  if (!secure) return [`${name}=${value}; ${common}; SameSite=Lax`]
  return [
    `${name}=${value}; ${common}; Secure; SameSite=None; Partitioned`,
    `${name.replace('__Host-', '')}=${value}; ${common}; SameSite=Lax`,
  ]
}

function seal(text: string, key: Buffer): string {
  return `${Buffer.from(text).toString('base64url')}.${sign(text, key).toString('base64url')}`
}

function unseal(value: string, key: Buffer): z.infer<typeof Content> | null {
  const [body = '', mark = ''] = value.split('.')
  const text = Buffer.from(body, 'base64url').toString()
  const wanted = sign(text, key)
  const given = Buffer.from(mark, 'base64url')
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null
  return Content.safeParse(JSON.parse(text)).data ?? null
}

function sign(text: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function valuesOf(header: string | undefined, name: string): string[] {
  return (header ?? '').split(';').flatMap((part) => {
    const [key = '', ...rest] = part.split('=')
    return key.trim() === name ? [rest.join('=').trim()] : []
  })
}
