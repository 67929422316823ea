// sync's HTTP door: checks the secret, parses requests, runs one job per workspace at a time, answers in protocol/control.ts' shapes.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { Logger } from 'pino'
import {
  FlushRequest,
  type FollowProgress,
  FollowRequest,
  type RestoreProgress,
  RestoreRequest,
  ZipRequest,
} from '../../protocol/control.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { asDiskFault } from './disk-fault.ts'
import { flush } from './flush.ts'
import { follow } from './follow.ts'
import { workspaceJobs } from './jobs.ts'
import { restore } from './restore.ts'
import type { Rhythm } from './rhythm.ts'
import { zipOfFolder } from './zip.ts'

export type Door = { secret: string; rhythm: Rhythm; log: Logger }
type Exchange = {
  req: IncomingMessage
  res: ServerResponse
  log: Logger
  rhythm: Rhythm
  jobs: ReturnType<typeof workspaceJobs>
}

export function syncDoor({ secret, rhythm, log }: Door) {
  const jobs = workspaceJobs()
  const serve = async (exchange: Exchange) => {
    checkSecret(secret, exchange.req)
    const route = `${exchange.req.method} ${exchange.req.url}`
    if (route === 'POST /restore') return serveRestore(exchange)
    if (route === 'POST /flush') return serveFlush(exchange)
    if (route === 'POST /follow') return serveFollow(exchange)
    if (route === 'POST /zip') return serveZip(exchange)
    throw new AppError('not-found', { say: 'There is no such door here.' })
  }
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    res.on('error', () => undefined)
    serve({ req, res, log, rhythm, jobs }).catch((thrown: unknown) => refuse({ res, log }, thrown))
  }
  return { answer, close: () => jobs.close() }
}

/** Compared by hash: equal lengths, no early exit. */
function checkSecret(secret: string, req: IncomingMessage): void {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const given = req.headers.authorization ?? ''
  if (timingSafeEqual(digest(given), digest(`Bearer ${secret}`))) return
  throw new AppError('bad-token', { say: 'This is not the secret of sync.' })
}

/** Lines of JSON; once the first is out a failure is a line too. */
async function serveRestore({ req, res, log, jobs }: Exchange): Promise<void> {
  const request = RestoreRequest.parse(await bodyOf(req))
  const report = (progress: RestoreProgress) => void res.write(`${JSON.stringify(progress)}\n`)
  res.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }).flushHeaders()
  try {
    await jobs.run(request.workspace, { signal: goneWith(res) }, (signal) =>
      restore(request, { signal, report }),
    )
    log.info({ repl: request.target.repl, generation: request.target.generation }, 'restored')
  } catch (thrown) {
    const error = faultOf(thrown)
    log.error(
      { repl: request.target.repl, code: error.code, ...error.log, err: error.cause ?? error },
      'restore failed',
    )
    report({ failed: error.say })
  }
  res.end()
}

async function serveFlush({ req, res, log, jobs }: Exchange): Promise<void> {
  const request = FlushRequest.parse(await bodyOf(req))
  const flushed = await jobs.run(request.workspace, { signal: goneWith(res) }, (signal) =>
    flush(request, signal),
  )
  log.info({ repl: request.target.repl, generation: request.target.generation, ...flushed }, 'flushed')
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(flushed))
}

/** Lines of JSON for as long as the caller stays; how it ended is the last. */
async function serveFollow({ req, res, log: all, rhythm, jobs }: Exchange): Promise<void> {
  const request = FollowRequest.parse(await bodyOf(req))
  const log = all.child({ repl: request.target.repl, generation: request.target.generation })
  const told = (progress: FollowProgress) => void res.write(`${JSON.stringify(progress)}\n`)
  res.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }).flushHeaders()
  try {
    await jobs.run(request.workspace, { signal: goneWith(res), isFollowing: true }, (signal) =>
      follow(request, { signal, told, rhythm, log }),
    )
  } catch (thrown) {
    const error = faultOf(thrown)
    log.info({ code: error.code, ...error.log, err: error.cause }, 'following ended')
    told({ told: 'ended', say: error.say })
  }
  res.end()
}

/** Read as it is sent: a file that changes meanwhile is in it as it was at one instant or another. */
async function serveZip({ req, res, log }: Exchange): Promise<void> {
  const { workspace } = ZipRequest.parse(await bodyOf(req))
  const signal = goneWith(res)
  const zip = zipOfFolder(workspace, signal)
  res.writeHead(200, { 'content-type': 'application/zip', 'cache-control': 'no-store' })
  await pipeline(zip, res, { signal })
  log.info('zipped')
}

/** Bytes of a request: two folders' names and a grant, with room to spare. */
const requestBytes = 64 * 1024

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const length = Number(req.headers['content-length'] ?? Number.NaN)
  if (!(length <= requestBytes)) throw new AppError('too-large', { say: 'This request is too large.' })
  try {
    return await json(req)
  } catch (cause) {
    throw new AppError('bad-input', { say: 'This request is not JSON.', cause })
  }
}

/** Aborted when the caller hangs up: nothing may be put in place for somebody who has gone on without it. */
function goneWith(res: ServerResponse): AbortSignal {
  const gone = new AbortController()
  res.once('close', () => gone.abort(new AppError('unavailable', { say: 'The caller has gone.' })))
  return gone.signal
}

function faultOf(thrown: unknown): AppError {
  return asAppError(asDiskFault(thrown))
}

function refuse({ res, log }: { res: ServerResponse; log: Logger }, thrown: unknown): void {
  const error = faultOf(thrown)
  log.error({ code: error.code, ...error.log, err: error.cause ?? error }, 'refused')
  if (res.headersSent) return void res.destroy()
  res.writeHead(error.status, { 'content-type': 'application/json', connection: 'close' })
  res.end(JSON.stringify(error.toWire()))
}
