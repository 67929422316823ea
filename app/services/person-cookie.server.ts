// The cookie that says who is signed in: sealed, read by this server only, good for a month. Whether the person still exists is the API's to say.
import { z } from 'zod'
import { PersonId } from '../../protocol/ids.ts'
import { readCookie, setCookie } from './cookies.server.ts'
import { makeSeal } from './seal.server.ts'

/** Seconds that a sign-in holds: a month, so that a weekly class need not sign in again. */
const holdsSeconds = 30 * 24 * 3600

const Content = z.object({ v: z.literal(1), person: PersonId, until: z.number() })

export interface PersonCookie {
  /** The id of who is signed in, or null for no, foreign, altered or expired cookie. */
  read(request: Request): string | null
  signIn(person: string): string
  signOut(): string
}

interface PersonCookieParts {
  key: string
  /** Under TLS the cookie is bound to this very host by its name. */
  secure: boolean
  now?: () => number
}

export function personCookie({ key, secure, now = Date.now }: PersonCookieParts): PersonCookie {
  const seal = makeSeal(key)
  const name = secure ? '__Host-devex' : 'devex'
  return {
    read: (request) => {
      const opened = seal.open(readCookie(request, name) ?? '')
      const content = opened === null ? null : Content.safeParse(JSON.parse(opened))
      return content?.success && content.data.until > now() ? content.data.person : null
    },
    signIn: (person) => {
      const content = { v: 1, person, until: now() + holdsSeconds * 1000 }
      return setCookie({ name, value: seal.close(JSON.stringify(content)), maxAge: holdsSeconds, secure })
    },
    signOut: () => setCookie({ name, value: '', maxAge: 0, secure }),
  }
}
