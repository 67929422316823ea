// Finds who serves a request, or why nobody does: the app and the doors by its target, previews by its host or our port.
import type { IncomingMessage } from 'node:http'
import type { FrontDoorEnv } from '../../../protocol/env.ts'
import {
  previewSocketOf,
  readPreviewBase,
  type PreviewBase,
  type PreviewPlace,
} from '../../../protocol/preview.ts'
import { type Refusal, refusals } from './refusal.ts'
import type { Routes } from './routes.ts'
import { type Upstream, upstreams } from './upstream.ts'
import { isPreviewTarget, previewOfHost, type Way, wayOf } from './way.ts'

export type Found = { way: Way; upstream: Upstream } | Refusal

export function finder(env: FrontDoorEnv, routes: Routes): (req: IncomingMessage) => Found {
  const upstreamOf = upstreams(env, routes)
  const { hosts, names } = hostsOf(env.DEVEX_ORIGINS)
  const base = baseOf(env)

  const previewIn = (req: IncomingMessage, host: string) => {
    const place = routes.previewAt(req.socket.localPort ?? 0)
    return place === null ? previewOfHost(host, base) : { place, origin: `http://${host}` }
  }
  const preview = (req: IncomingMessage, found: { place: PreviewPlace; origin: string }): Found => {
    const repl = routes.replOf(found.place.slug)
    if (repl === null) return refusals.noPreview
    if (!isPreviewTarget(req.url ?? '')) return refusals.badTarget
    const socket = routes.socketOf(repl)
    if (socket === null) return refusals.notRunning
    const way: Way = { to: 'preview', repl, port: found.place.port, origin: found.origin }
    return { way, upstream: { socketPath: previewSocketOf(socket) } }
  }
  return (req) => {
    const host = (req.headers.host ?? '').toLowerCase()
    const isPreviewPort = routes.previewAt(req.socket.localPort ?? 0) !== null
    // A page of another name that was made to resolve to us must not pass for ours.
    const found = previewIn(req, host)
    if (found !== null && (!isPreviewPort || names.size === 0 || names.has(nameOf(host))))
      return preview(req, found)
    if (isPreviewPort || (hosts.size > 0 && !hosts.has(host))) return refusals.foreignHost
    const way = wayOf(req.url ?? '')
    if (way === null) return refusals.badTarget
    const upstream = upstreamOf(way)
    return upstream === null ? refusals.notRunning : { way, upstream }
  }
}

/** Without a wildcard host of its own, the names that every browser of this machine takes for this machine. */
function baseOf({ DEVEX_PREVIEW_HOST, DEVEX_PORT }: FrontDoorEnv): PreviewBase {
  const local: PreviewBase = { scheme: 'http', suffix: 'localhost', port: String(DEVEX_PORT) }
  return DEVEX_PREVIEW_HOST === undefined ? local : (readPreviewBase(DEVEX_PREVIEW_HOST, DEVEX_PORT) ?? local)
}

function hostsOf(origins: string): { hosts: Set<string>; names: Set<string> } {
  const listed = origins.split(',').map((origin) => origin.trim())
  const hosts = listed.filter((origin) => origin !== '').map((origin) => new URL(origin).host.toLowerCase())
  return { hosts: new Set(hosts), names: new Set(hosts.map(nameOf)) }
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '')
}
