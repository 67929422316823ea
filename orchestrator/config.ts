// The orchestrator's settings, parsed once from its environment. Nothing else in this process reads process.env.
import { userInfo } from 'node:os'
import { z } from 'zod'
import { OrchestratorEnv } from '../protocol/env.ts'
import { PersonName } from '../protocol/ids.ts'
import type { Level } from '../protocol/repl.ts'

/** What the person's programs inherit of the system: where programs are, and the language. */
const SystemEnv = z.object({
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
  LANG: z.string().default('C.UTF-8'),
  SHELL: z.string().default('/bin/bash'),
})

export type OrchestratorConfig = {
  build: string
  logLevel: string
  port: number
  data: string
  run: string
  serviceSecret: string
  relaySecret: string
  sync: { url: string; secret: string }
  collabUrl: string
  publicUrl: string
  /** Wildcard host of previews, where there is one. */
  previewHost?: string | undefined
  origins: string[]
  routes: string
  templates: string
  programs: string
  isolation: Level
  ownerName: string
  system: { path: string; lang: string; shell: string }
}

export function readConfig(env: NodeJS.ProcessEnv): OrchestratorConfig {
  const read = OrchestratorEnv.extend(SystemEnv.shape).parse(env)
  return {
    build: read.DEVEX_BUILD,
    logLevel: read.DEVEX_LOG,
    port: read.DEVEX_PORT,
    data: read.DEVEX_DATA,
    run: read.DEVEX_RUN,
    serviceSecret: read.DEVEX_SERVICE_SECRET,
    relaySecret: read.DEVEX_RELAY_SECRET,
    sync: { url: read.DEVEX_SYNC_URL, secret: read.DEVEX_SYNC_SECRET },
    collabUrl: read.DEVEX_COLLAB_URL.replace(/^http/, 'ws'),
    publicUrl: read.DEVEX_PUBLIC_URL,
    previewHost: read.DEVEX_PREVIEW_HOST,
    origins: read.DEVEX_ORIGINS.split(',').filter((origin) => origin !== ''),
    routes: read.DEVEX_ROUTES,
    templates: read.DEVEX_TEMPLATES,
    programs: read.DEVEX_PROGRAMS,
    isolation: read.DEVEX_ISOLATION,
    ownerName: ownerName(),
    system: { path: read.PATH, lang: read.LANG, shell: read.SHELL },
  }
}

/** Whoever started us is who the owner link means; root is nobody's name. */
function ownerName(): string {
  const name = PersonName.safeParse(systemName())
  return name.success && name.data !== 'root' ? name.data : 'Owner'
}

/** Null for a number without a name, as in many containers. */
function systemName(): string | null {
  try {
    return userInfo().username
  } catch {
    return null
  }
}
