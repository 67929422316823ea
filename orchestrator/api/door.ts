// What every route of the API shares: who asks, one shape of failure, one place where unknown errors end. Knows no route.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { AppError, asAppError } from '../../protocol/errors.ts'
import type { Person } from '../../protocol/repl.ts'
import type { People } from '../access/people.ts'

/** Header by which the app says for whom it asks. */
const personHeader = 'x-devex-person'

/** Refuses everybody who does not know the secret, in these words; takes the same time whatever is wrong. */
export function onlyWhoKnows(secret: string, say: string): RequestHandler {
  const wanted = digest(secret)
  return (req, _res, next) => {
    const given = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? ''
    if (timingSafeEqual(digest(given), wanted)) next()
    else next(new AppError('bad-token', { say }))
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Answers what `give` resolves to as JSON. */
export function answering(give: (req: Request) => Promise<object>): RequestHandler {
  return (req, res, next) => {
    give(req).then((body) => res.json(body), next)
  }
}

/** The person of the header; `not-signed-in` when there is none or nobody by that id. */
export async function personOf(people: People, req: Request): Promise<Person> {
  const person = await maybePersonOf(people, req)
  if (person === null) throw new AppError('not-signed-in', { say: 'Sign in first.' })
  return person
}

export async function maybePersonOf(people: People, req: Request): Promise<Person | null> {
  const id = req.get(personHeader)
  if (id === undefined || id === '') return null
  return people.find(id).catch((thrown: unknown) => {
    if (thrown instanceof AppError && thrown.code === 'not-found')
      throw new AppError('not-signed-in', { say: 'Sign in again: you are not known here any more.' })
    throw thrown
  })
}

export function answerFailures(log: Logger) {
  return (thrown: unknown, req: Request, res: Response, _next: NextFunction): void => {
    const error = asAppError(fromBodyParser(thrown))
    const detail = { code: error.code, path: req.path, ...error.log }
    if (error.status >= 500) log.error({ ...detail, err: error.cause ?? error }, error.say)
    else log.info(detail, error.say)
    if (res.headersSent) res.end()
    else res.status(error.status).json({ error: error.toWire() })
  }
}

/** The body parser's own errors are the sender's fault. */
function fromBodyParser(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('type' in thrown)) return thrown
  if (thrown.type === 'entity.too.large')
    return new AppError('too-large', { say: 'This request is too large.' })
  return new AppError('bad-input', {
    say: 'This request is not valid JSON.',
    log: { type: String(thrown.type) },
  })
}
