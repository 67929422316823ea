// Where each way leads: the address of the server behind it, as node:http takes it.
import type { FrontDoorEnv } from '../../../protocol/env.ts'
import type { Routes } from './routes.ts'
import type { Way } from './way.ts'

export type Upstream = { host: string; port: string } | { socketPath: string }

/** Answers null when the way leads to no running runner. */
export function upstreams(env: FrontDoorEnv, runners: Routes): (way: Way) => Upstream | null {
  const app = originOf(env.DEVEX_APP_URL)
  const collab = originOf(env.DEVEX_COLLAB_URL)
  return (way) => {
    if (way.to === 'app') return app
    if (way.to === 'collab') return collab
    const socketPath = runners.socketOf(way.repl)
    return socketPath === null ? null : { socketPath }
  }
}

function originOf(url: string): Upstream {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port || '80' }
}

/** True when nothing listens there: it is away, not broken. */
export function isAway(thrown: unknown): boolean {
  const codes = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK', 'EACCES']
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))
}
