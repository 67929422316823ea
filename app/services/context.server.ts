// What every request carries from the server into routes, and the services made from it once. Holds no request's data but its id and nonce.
import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { AppConfig } from '../config.ts'
import { connectApi, type Api } from './api.server.ts'
import { ownerLink } from './owner-link.server.ts'
import { personCookie, type PersonCookie } from './person-cookie.server.ts'
import type { Reader } from './reader.server.ts'
import { makeSeal, type Seal } from './seal.server.ts'
import type { SignIn } from './sign-in.server.ts'

export interface AppContext {
  config: AppConfig
  log: Logger
  /** Value that inline scripts of this answer must carry. */
  nonce: string
  /** Names this request in the log and on error pages. */
  requestId: string
  /** Who reads the answer. */
  reader: Reader
}

export interface Services {
  api: Api
  cookie: PersonCookie
  signIn: SignIn
  /** Words of ours that a browser carries to another page of ours; nobody else can make them. */
  told: Seal
}

const made = new WeakMap<AppConfig, Services>()

/** The services of this server: made at the first request, the same afterwards. */
export function services({ config }: AppContext): Services {
  const known = made.get(config)
  if (known) return known
  const api = connectApi({ url: config.apiUrl, secret: config.serviceSecret })
  const fresh: Services = {
    api,
    cookie: personCookie({ key: config.cookieKey, secure: config.origins[0].startsWith('https:') }),
    signIn: ownerLink({ api }),
    told: makeSeal(createHash('sha256').update(`told ${config.cookieKey}`).digest('hex')),
  }
  made.set(config, fresh)
  return fresh
}
