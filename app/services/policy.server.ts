// What our pages may do and who may ask us to change something: headers of every answer, and the check of the Origin.
import type { RequestHandler } from 'express'
import { AppError, type WireError } from '../../protocol/errors.ts'
import type { AppConfig } from '../config.ts'

/** Bytes of a change's body: names and codes; files go to the runner. */
const bodyBytes = 64 * 1024

/** Origins a page may connect to, as http and as ws: doors may name another of our origins, and browsers differ on whether 'self' covers ws. */
function connectSources(config: AppConfig): string {
  const origins = [...config.origins, ...config.doorOrigins]
  const sockets = origins.map((origin) => origin.replace(/^http/, 'ws'))
  return ["'self'", ...new Set([...origins, ...sockets])].join(' ')
}

export function contentPolicy(config: AppConfig, nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    // Monaco and xterm write inline styles by the dozen.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src ${connectSources(config)}`,
    `frame-src ${config.previewSources?.join(' ') ?? "'none'"}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

const fixedHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

export function securityHeaders(config: AppConfig): RequestHandler {
  const secure = config.origins[0].startsWith('https:')
  return (_req, res, next) => {
    for (const [name, value] of Object.entries(fixedHeaders)) res.setHeader(name, value)
    if (secure) res.setHeader('strict-transport-security', 'max-age=31536000')
    next()
  }
}

const reading: ReadonlySet<string> = new Set(['GET', 'HEAD'])
/** Browsers' forms and our own pages change by this method alone. */
const changing = 'POST'

function changeRefusal(
  config: AppConfig,
  asked: { origin?: string | undefined; length: number; chunked: boolean },
) {
  if (asked.origin === undefined || !config.origins.includes(asked.origin)) {
    return new AppError('foreign-origin', {
      say: 'This change came from a page of another site and was refused.',
      log: { origin: asked.origin?.slice(0, 200) },
    })
  }
  if (asked.chunked || asked.length > bodyBytes) {
    return new AppError('too-large', { say: 'This request is too large.', log: { length: asked.length } })
  }
  return null
}

/** Refuses every change that does not come from a page of ours (403), or is too large (413). */
export function guardChanges(config: AppConfig, onRefused: (error: AppError) => void): RequestHandler {
  return (req, res, next) => {
    if (reading.has(req.method)) return next()
    if (req.method !== changing) return void res.status(405).setHeader('allow', 'GET, HEAD, POST').end()
    const length = Number(req.headers['content-length'] ?? 0)
    const chunked = req.headers['transfer-encoding'] !== undefined
    const refused = changeRefusal(config, { origin: req.headers.origin, length, chunked })
    if (!refused) return next()
    onRefused(refused)
    const error: WireError = refused.toWire()
    res.status(refused.status).json({ error })
  }
}

/** Gives Remix the host under which people reach us, whatever the proxies before us wrote: its own check compares that with the Origin. */
export function knownHost(config: AppConfig): RequestHandler {
  return (req, _res, next) => {
    const asked = req.headers.origin ?? `${new URL(config.origins[0]).protocol}//${req.headers.host}`
    const origin = config.origins.includes(asked) ? asked : config.origins[0]
    req.headers['x-forwarded-host'] = new URL(origin).host
    req.headers.host = new URL(origin).host
    next()
  }
}
