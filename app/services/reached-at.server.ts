// Which of our origins a person used for this request. The server has checked the host before.
import type { RouteArgs } from './answer.server.ts'

export function reachedAt({ request, context }: RouteArgs): string {
  const { origins } = context.config
  const host = request.headers.get('host')
  return origins.find((origin) => new URL(origin).host === host) ?? origins[0]
}
