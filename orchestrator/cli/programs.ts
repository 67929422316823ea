// Which processes make up an installation of one machine, and what each is told. Starts none of them.
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { Level } from '../../protocol/repl.ts'
import { isLoopback, type Settings } from './args.ts'
import type { Places } from './places.ts'
import type { InnerPorts } from './ports.ts'
import { relaySecret, type Secrets } from './secrets.ts'
import type { Program } from './supervise.ts'

/** Variables of the system that our own processes need; everything else stays outside. */
const passedOn = ['PATH', 'LANG', 'LC_ALL', 'SHELL', 'HOME', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS']

export type Installation = {
  settings: Settings
  places: Places
  secrets: Secrets
  ports: InnerPorts
  isolation: Level
  build: string
  /** Folder of the built programs, and of the templates. */
  programs: string
  templates: string
  system: NodeJS.ProcessEnv
}

/** As people reach us: the first address is the one in links. */
export function originsOf({ host, port }: Pick<Settings, 'host' | 'port'>): string[] {
  const local = [`http://localhost:${port}`, `http://127.0.0.1:${port}`]
  if (host === 'localhost' || host === '127.0.0.1') return local
  if (isLoopback(host)) return [...local, originOf(host, port)]
  const isEvery = host === '0.0.0.0' || host === '::'
  return [...(isEvery ? ownAddresses() : [host]).map((address) => originOf(address, port)), ...local]
}

function originOf(address: string, port: number): string {
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}`
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal && address.family === 'IPv4')
    .map((address) => address.address)
}

export function programsOf(of: Installation): Program[] {
  const { places, settings } = of
  const common = {
    ...systemEnv(of.system),
    NODE_ENV: 'production',
    DEVEX_BUILD: of.build,
    DEVEX_LOG: settings.logLevel,
  }
  return Object.entries(environments(of)).map(([name, env]) => ({
    name,
    file: join(of.programs, `${name}.js`),
    env: { ...common, ...env },
    log: join(places.logs, `${name}.log`),
  }))
}

/** What each program is told beside what all are, by its name. */
function environments(of: Installation): Record<string, Record<string, string>> {
  const { places, secrets, ports, settings } = of
  const at = (port: number) => `http://127.0.0.1:${port}`
  const origins = originsOf(settings)
  const [publicUrl = ''] = origins
  const shared = { DEVEX_ORIGINS: origins.join(','), DEVEX_API_URL: at(ports.orchestrator) }
  const previews: Record<string, string> =
    settings.previewHost === undefined ? {} : { DEVEX_PREVIEW_HOST: settings.previewHost }
  return {
    orchestrator: {
      DEVEX_PORT: String(ports.orchestrator),
      DEVEX_DATA: places.data,
      DEVEX_RUN: places.run,
      DEVEX_SERVICE_SECRET: secrets.service,
      DEVEX_RELAY_SECRET: relaySecret(secrets),
      DEVEX_SYNC_URL: at(ports.sync),
      DEVEX_SYNC_SECRET: secrets.sync,
      DEVEX_COLLAB_URL: `ws://127.0.0.1:${ports.collab}`,
      DEVEX_PUBLIC_URL: publicUrl,
      DEVEX_ORIGINS: shared.DEVEX_ORIGINS,
      DEVEX_ROUTES: places.routes,
      DEVEX_TEMPLATES: of.templates,
      DEVEX_PROGRAMS: of.programs,
      ...previews,
      DEVEX_ISOLATION: of.isolation,
    },
    sync: { DEVEX_PORT: String(ports.sync), DEVEX_SYNC_SECRET: secrets.sync },
    'collab-server': {
      DEVEX_PORT: String(ports.collab),
      DEVEX_RELAY_SECRET: relaySecret(secrets),
      ...shared,
    },
    app: {
      DEVEX_PORT: String(ports.app),
      DEVEX_SERVICE_SECRET: secrets.service,
      DEVEX_COOKIE_KEY: secrets.cookie,
      ...shared,
      ...previews,
    },
    'front-door': {
      DEVEX_HOST: settings.host,
      DEVEX_PORT: String(settings.port),
      DEVEX_APP_URL: at(ports.app),
      DEVEX_COLLAB_URL: at(ports.collab),
      DEVEX_ORIGINS: shared.DEVEX_ORIGINS,
      DEVEX_ROUTES: places.routes,
      ...previews,
    },
  }
}

function systemEnv(system: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = system[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
