// The HTTP doors of a session on its unix socket: finds the door, checks the origin, turns every failure into words.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { DoorClaims } from '../../protocol/access.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import type { Standing, Tokens } from '../access.ts'
import type { Identity } from '../identity.ts'
import { filePathOf } from './files.ts'
import { controlDoor, type ControlDeps } from './control.ts'
import { tellOrigin, type Origins } from './origins.ts'
import { proveDoor } from './prove.ts'
import { answerFailure, answerJson, bearerOf } from './requests.ts'
import type { SearchDoor } from './search.ts'

/**
 * `path` is workspace-relative; the token was checked, its role was not. `recheck` throws when that role does not hold any
 * more. Answers every failure itself.
 */
export type FilesDoor = (
  request: IncomingMessage,
  response: ServerResponse,
  ask: { claims: DoorClaims; path: string; recheck: () => void },
) => Promise<void>

export type HttpDeps = {
  repl: string
  tokens: Tokens
  standing: Standing
  origins: Origins
  identity: Identity
  control: ControlDeps
  files: FilesDoor
  search: SearchDoor
  /** True while the session stops: nothing may change any more. */
  stopping: () => boolean
  logger: Logger
}

export function createDoors(deps: HttpDeps): Server {
  const server = createServer((request, response) => {
    void serve(deps, request, response).catch((fault: unknown) => {
      const failure = asAppError(fault)
      const level = failure.code === 'internal' ? 'error' : 'info'
      deps.logger[level](
        { err: failure.cause ?? failure, code: failure.code, ...failure.log },
        'a request failed',
      )
      answerFailure(response, failure)
    })
  })
  // Sockets of the live door are taken by its own listener; any other upgrade has no door.
  server.on('upgrade', (request, socket) => {
    if (pathOf(request, deps.repl)?.startsWith('live/')) return
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n')
  })
  return server
}

async function serve(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = pathOf(request, deps.repl)
  if (path === null) throw new AppError('not-found', { say: 'There is no such door.' })
  deps.origins.refuseForeign(request)
  if (deps.origins.allows(request)) tellOrigin(request, response)
  if (request.method === 'OPTIONS') return void response.writeHead(204).end()
  if (path === 'prove') return answerJson(response, 200, proveDoor(deps.identity, urlOf(request)))
  if (path.startsWith('control/'))
    return answerJson(response, 200, await controlDoor(deps.control, request, path.slice('control/'.length)))
  if (path.startsWith('files/')) return files(deps, request, response)
  if (path === 'search') return search(deps, request, response)
  throw new AppError('not-found', { say: 'There is no such door.' })
}

async function files(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const claims = await deps.tokens.door(bearerOf(request))
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (!reads && deps.stopping())
    throw new AppError('read-only', { say: 'The session is stopping; nothing can be changed now.' })
  const path = pathOf(request, deps.repl) ?? ''
  const recheck = (): void => void deps.standing.check(claims)
  await deps.files(request, response, { claims, path: filePathOf(path.slice('files/'.length)), recheck })
}

async function search(deps: HttpDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const claims = await deps.tokens.door(bearerOf(request))
  await deps.search(request, response, { claims, recheck: () => void deps.standing.check(claims) })
}

const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? '/', 'http://runner')

/** What follows `/r/<repl>/`, as it was sent; null for another repl's path or none. */
function pathOf(request: IncomingMessage, repl: string): string | null {
  const prefix = `/r/${repl}/`
  const [path = ''] = (request.url ?? '/').split('?')
  return path.startsWith(prefix) ? path.slice(prefix.length) : null
}
