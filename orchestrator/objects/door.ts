// HTTP door of the object store for sync: signed addresses for those who hold a grant, the objects behind them, and what is handed in.
import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import express, {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type Response,
  Router,
} from 'express'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { CommitRequest, ObjectKey, Parked, SignRequest } from '../../protocol/objects.ts'
import { type Grant, sign, signedPath, type Signer } from './sign.ts'
import { isSignatureOf, Permit } from './signature.ts'
import { hashNameOf } from './verify-objects.ts'

/** What happens with what was put. */
export type HandIn = {
  /** Answers whose grant it is; rejects with `stale-generation` when the repl has moved on. */
  checkGrant(grant: string): Promise<Grant>
  /** Verifies and moves HEAD; answers when that was. */
  commit(grant: Grant, request: CommitRequest): Promise<{ at: number }>
  /** For the grant of an overtaken session: another, for its orphans alone. */
  park(grant: string): Promise<string>
  parked(grant: Grant, parked: Parked): Promise<void>
}
export type ObjectsDoor = Signer & HandIn

type Answer = (deps: ObjectsDoor, req: Request, res: Response) => Promise<void>

/** Bytes of a sign request: a thousand objects with room to spare. */
const signRequestBytes = 1024 * 1024

/** Bytes of what is handed in: a key or two. */
const handInBytes = 16 * 1024

/** A router to be mounted at `/`; it answers only its own paths. */
export function objectsDoor(deps: ObjectsDoor): Router {
  const router = Router()
  const answering = (answer: Answer) => async (req: Request, res: Response, next: NextFunction) => {
    try {
      await answer(deps, req, res)
    } catch (thrown) {
      next(thrown)
    }
  }
  router.post('/v1/objects/sign', express.json({ limit: signRequestBytes }), answering(answerSign))
  router.post('/v1/objects/commit', express.json({ limit: handInBytes }), answering(answerCommit))
  router.post('/v1/objects/park', answering(answerPark))
  router.post('/v1/objects/parked', express.json({ limit: handInBytes }), answering(answerParked))
  router.put(`${signedPath}*`, answering(takeObject))
  router.get(`${signedPath}*`, answering(giveObject))
  router.use(answerFault)
  return router
}

async function answerSign(deps: ObjectsDoor, req: Request, res: Response): Promise<void> {
  const grant = await deps.checkGrant(bearerOf(req))
  res.json(await sign(deps, grant, SignRequest.parse(req.body)))
}

async function answerCommit(deps: ObjectsDoor, req: Request, res: Response): Promise<void> {
  const grant = await deps.checkGrant(bearerOf(req))
  if (grant.only !== undefined)
    throw new AppError('forbidden', { say: 'This session may only park what it has.' })
  res.json(await deps.commit(grant, CommitRequest.parse(req.body)))
}

async function answerPark(deps: ObjectsDoor, req: Request, res: Response): Promise<void> {
  res.json({ grant: await deps.park(bearerOf(req)) })
}

async function answerParked(deps: ObjectsDoor, req: Request, res: Response): Promise<void> {
  const grant = await deps.checkGrant(bearerOf(req))
  if (grant.only !== 'orphans')
    throw new AppError('forbidden', { say: 'This session has not been overtaken.' })
  await deps.parked(grant, Parked.parse(req.body))
  res.json({})
}

function bearerOf(req: Request): string {
  const found = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1]
  if (found === undefined) throw new AppError('bad-token', { say: 'A grant is needed here.' })
  return found
}

async function takeObject(deps: ObjectsDoor, req: Request, res: Response): Promise<void> {
  const permit = permitOf(deps, req)
  if (req.headers['content-length'] !== String(permit.bytes) || req.headers['content-md5'] !== permit.md5) {
    throw refused('This address is for other bytes.', permit.key)
  }
  await deps.store.put(permit.key, checked(req, permit))
  res.status(201).end()
}

/** Passes pieces on, and throws at the end when they are not what was signed: then nothing is stored. */
async function* checked(pieces: AsyncIterable<Uint8Array>, permit: Permit): AsyncIterable<Uint8Array> {
  const md5 = createHash('md5')
  const sha256 = createHash('sha256')
  let bytes = 0
  for await (const piece of pieces) {
    md5.update(piece)
    sha256.update(piece)
    bytes += piece.length
    yield piece
  }
  const name = hashNameOf(permit.key)
  const isNamed = name === null || sha256.digest('hex') === name
  if (bytes === permit.bytes && md5.digest('base64') === permit.md5 && isNamed) return
  throw new AppError('bad-input', { say: 'The bytes do not match their checksum.', log: { key: permit.key } })
}

async function giveObject(deps: ObjectsDoor, req: Request, res: Response): Promise<void> {
  const { key } = permitOf(deps, req)
  const head = await deps.store.head(key)
  if (head === null)
    throw new AppError('not-found', { say: 'This object is not in the store.', log: { key } })
  res.set({
    'content-type': 'application/octet-stream',
    'content-length': String(head.bytes),
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  })
  await pipeline(deps.store.read(key), res)
}

/** What the request's address allows, once its signature, method and time are right. */
function permitOf(deps: ObjectsDoor, req: Request): Permit {
  const key = req.path.slice(signedPath.length)
  const permit = Permit.safeParse({ ...req.query, key })
  const signature = req.query['signature']
  if (!permit.success || typeof signature !== 'string' || !ObjectKey.safeParse(key).success) {
    throw refused('This is no signed address.', key)
  }
  if (permit.data.method !== req.method) throw refused('This address is for another method.', key)
  if (!isSignatureOf(deps.secret, permit.data, signature)) throw refused('This address was altered.', key)
  if (deps.now() > permit.data.until) throw refused('This address has expired.', key)
  return permit.data
}

function refused(say: string, key: string): AppError {
  return new AppError('forbidden', { say, log: { key: key.slice(0, 200) } })
}

/** Expected faults are answered here, in words; unknown ones go on to the orchestrator's own handler. */
const answerFault: ErrorRequestHandler = (thrown: unknown, req, res, next) => {
  const error = asAppError(isBodyFault(thrown) ? badBody(thrown) : thrown)
  if (error.code === 'internal' || res.headersSent) return next(thrown)
  // Unread bytes are drained, or the other side would see a reset instead of the reason.
  req.resume()
  res.status(error.status).json(error.toWire())
}

/** Faults of the body parser carry a 4xx status of their own. */
function isBodyFault(thrown: unknown): boolean {
  return thrown instanceof Error && 'type' in thrown && 'status' in thrown && Number(thrown.status) < 500
}

function badBody(cause: unknown): AppError {
  return new AppError('bad-input', { say: 'This request cannot be read.', cause })
}
