// What a collab-server is started with; parsed once from the environment, never read elsewhere.
import { CollabEnv } from '../protocol/env.ts'

export type CollabConfig = {
  build: string
  /** Address to listen on; loopback when left out. */
  host?: string
  port: number
  /** Address of the orchestrator's JSON Web Key Set. */
  keysUrl: string
  /** Where the orchestrator tells whose role has changed, and our word to it. */
  access: { url: string; secret: string }
  /** Origins of pages that may open sockets here; programs without an Origin are judged by their token alone. */
  origins: ReadonlySet<string>
  logLevel: string
}

export function configFromEnv(env: Record<string, string | undefined>): CollabConfig {
  const parsed = CollabEnv.parse(env)
  return {
    build: parsed.DEVEX_BUILD,
    host: parsed.DEVEX_HOST,
    port: parsed.DEVEX_PORT,
    keysUrl: `${parsed.DEVEX_API_URL}/v1/keys`,
    access: { url: `${parsed.DEVEX_API_URL}/v1/access`, secret: parsed.DEVEX_RELAY_SECRET },
    origins: new Set(parsed.DEVEX_ORIGINS.split(',')),
    logLevel: parsed.DEVEX_LOG,
  }
}
