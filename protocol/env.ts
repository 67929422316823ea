// The environment each process reads at its start, parsed once in its config; nothing else reads process.env.
import { z } from 'zod'
import { ReplId } from './ids.ts'
import { Port, PreviewSlug } from './preview.ts'
import { Level } from './repl.ts'

const port = z.coerce.number().int().min(0).max(65535)
const previewHost = z.string().exactOptional()
const common = {
  /** Short name of this build, for hello and logs. */
  DEVEX_BUILD: z.string().default('dev'),
  DEVEX_LOG: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
}

/** Every long-lived process tells its parent `{listening: port}` over IPC (when it has one) once it accepts. */
export const Listening = z.object({ listening: z.number().int() })

export const FrontDoorEnv = z.object({
  ...common,
  DEVEX_HOST: z.string().default('127.0.0.1'),
  DEVEX_PORT: port,
  /** http origins of the two servers behind it. */
  DEVEX_APP_URL: z.string(),
  DEVEX_COLLAB_URL: z.string(),
  /** Origins under which people reach us, comma-separated: a request for another Host is refused; empty = any. */
  DEVEX_ORIGINS: z.string().default(''),
  /** File with the runners' addresses, written by the orchestrator (see RouteTable). */
  DEVEX_ROUTES: z.string(),
  /** Wildcard host of previews, as `readPreviewBase` takes it; none = `*.localhost` on this machine, ports beyond it. */
  DEVEX_PREVIEW_HOST: previewHost,
})

export type FrontDoorEnv = z.infer<typeof FrontDoorEnv>

/**
 * Content of DEVEX_ROUTES: which unix socket serves `/r/<repl>/…`; which repl a preview's slug means, running or not; and the
 * ports on which the front door listens for one preview each.
 */
export const RouteTable = z.object({
  runners: z.record(z.string(), z.object({ socket: z.string() })),
  slugs: z.record(PreviewSlug, ReplId).default({}),
  ports: z
    .record(
      z.string().regex(/^\d{1,5}$/),
      // `since`: a number that grows with each port that is opened; the names of a record come sorted, not by age.
      z.object({ slug: PreviewSlug, port: Port, since: z.number().default(0) }),
    )
    .default({}),
})
export type RouteTable = z.infer<typeof RouteTable>

export const AppEnv = z.object({
  ...common,
  DEVEX_PORT: port,
  DEVEX_API_URL: z.string(),
  /** Bearer secret of the API. */
  DEVEX_SERVICE_SECRET: z.string().min(32),
  /** 32 bytes in hexadecimal: cookies are encrypted with it. */
  DEVEX_COOKIE_KEY: z.string().length(64),
  /** Origins under which people reach us, comma-separated; the first is the one in links. */
  DEVEX_ORIGINS: z.string(),
  DEVEX_PREVIEW_HOST: previewHost,
})

/** Address a process listens on: loopback on one machine, every address in a pod of its own. */
const host = z.string().default('127.0.0.1')

export const CollabEnv = z.object({
  ...common,
  DEVEX_HOST: host,
  DEVEX_PORT: port,
  DEVEX_API_URL: z.string(),
  /** The relays' word to the orchestrator: good for hearing of changed roles, for nothing else. */
  DEVEX_RELAY_SECRET: z.string().min(32),
  DEVEX_ORIGINS: z.string(),
})

export const OrchestratorEnv = z.object({
  ...common,
  DEVEX_PORT: port,
  /** Folder of everything durable: ledger, keys, objects, sandboxes. */
  DEVEX_DATA: z.string(),
  /** Folder of sockets and launch files: short, private, gone after a reboot. */
  DEVEX_RUN: z.string(),
  DEVEX_SERVICE_SECRET: z.string().min(32),
  DEVEX_RELAY_SECRET: z.string().min(32),
  DEVEX_SYNC_URL: z.string(),
  DEVEX_SYNC_SECRET: z.string().min(32),
  DEVEX_COLLAB_URL: z.string(),
  /** As pages reach us. */
  DEVEX_PUBLIC_URL: z.string(),
  DEVEX_ORIGINS: z.string(),
  DEVEX_ROUTES: z.string(),
  DEVEX_TEMPLATES: z.string(),
  /** Folder with the built programs runner.js and box.js. */
  DEVEX_PROGRAMS: z.string(),
  DEVEX_PREVIEW_HOST: previewHost,
  /** Isolation level of every session, chosen by who starts us: there is no default and no step down. */
  DEVEX_ISOLATION: Level,
})

export const SyncEnv = z.object({
  ...common,
  DEVEX_HOST: host,
  DEVEX_PORT: port,
  DEVEX_SYNC_SECRET: z.string().min(32),
})
export type SyncEnv = z.infer<typeof SyncEnv>
