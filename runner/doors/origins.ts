// Which pages may come in: those of the launch's origins. A request without an Origin is no page's; its token decides.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../../protocol/errors.ts'

export type Origins = {
  allows(request: IncomingMessage): boolean
  refuseForeign(request: IncomingMessage): void
}

export function checkOrigins(allowed: string[]): Origins {
  const known = new Set(allowed.map((origin) => origin.toLowerCase()))
  const allows = ({ headers }: IncomingMessage): boolean =>
    headers.origin === undefined || known.has(headers.origin.toLowerCase())
  return {
    allows,
    refuseForeign: (request) => {
      if (request.method === 'GET' || request.method === 'HEAD' || allows(request)) return
      throw new AppError('foreign-origin', {
        say: 'This page may not do that.',
        log: { origin: request.headers.origin },
      })
    },
  }
}

/** On a cluster the runner has another host than the app: the browser asks whether our pages may read the answer. */
export function tellOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin } = request.headers
  if (origin === undefined) return
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('vary', 'origin')
  response.setHeader('access-control-allow-headers', 'authorization, content-type')
  response.setHeader('access-control-allow-methods', 'GET, HEAD, PUT, POST, DELETE')
  response.setHeader('access-control-max-age', '600')
}
