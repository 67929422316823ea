// What the app's server must know, parsed once from its environment; nothing else reads process.env.
import { AppEnv } from '../protocol/env.ts'
import { previewSources } from '../protocol/preview.ts'

export interface AppConfig {
  build: string
  logLevel: string
  host: string
  port: number
  apiUrl: string
  serviceSecret: string
  /** 32 bytes in hexadecimal. */
  cookieKey: string
  /** Origins under which people reach us; the first is the one in links. */
  origins: readonly [string, ...string[]]
  /** Origins of doors on other hosts than ours (a cluster); pages may connect to them. */
  doorOrigins: readonly string[]
  /** Where previews are, as sources of a content security policy; pages may show these in frames. */
  previewSources?: readonly string[]
}

/** Turns a comma-separated list of addresses into origins; throws in words when one is no http origin. */
export function parseOrigins(list: string): readonly [string, ...string[]] {
  const parts = list.split(',').map((part) => part.trim())
  const [first, ...rest] = parts.filter((part) => part !== '').map(toOrigin)
  if (first === undefined) throw new Error('DEVEX_ORIGINS names no origin.')
  return [first, ...rest]
}

function toOrigin(text: string): string {
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`DEVEX_ORIGINS: ${text} is no http or https origin.`)
  }
  return url.origin
}

export function readConfig(env: Record<string, string | undefined>): AppConfig {
  const parsed = AppEnv.parse(env)
  const origins = parseOrigins(parsed.DEVEX_ORIGINS)
  return {
    build: parsed.DEVEX_BUILD,
    logLevel: parsed.DEVEX_LOG,
    host: '127.0.0.1',
    port: parsed.DEVEX_PORT,
    apiUrl: parsed.DEVEX_API_URL,
    serviceSecret: parsed.DEVEX_SERVICE_SECRET,
    cookieKey: parsed.DEVEX_COOKIE_KEY,
    origins,
    doorOrigins: [],
    previewSources: previewSources(origins, parsed.DEVEX_PREVIEW_HOST),
  }
}
