// One shape for everything that can go wrong: a code for programs, words for people, detail for the log.
import { z } from 'zod'

/** Every code, with the HTTP status it has at a door. */
export const errorStatus = {
  'bad-input': 400,
  'bad-path': 400,
  'bad-token': 401,
  'expired-token': 401,
  'not-signed-in': 401,
  'foreign-origin': 403,
  forbidden: 403,
  'not-found': 404,
  'not-running': 409,
  exists: 409,
  conflict: 409,
  'stale-generation': 409,
  'wrong-epoch': 409,
  'link-used': 410,
  'too-large': 413,
  'not-text': 415,
  'too-many': 429,
  'start-failed': 500,
  'flush-failed': 500,
  'verify-failed': 500,
  internal: 500,
  'disk-full': 507,
  unavailable: 503,
  'read-only': 503,
} as const

export type ErrorCode = keyof typeof errorStatus
export const ErrorCode = z.enum(Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]])

/** What a person or another process is told. */
export const WireError = z.object({ code: ErrorCode, say: z.string().max(500) })
export type WireError = z.infer<typeof WireError>

/** An answer over a socket: done with a value, or refused with a reason. */
export type Answer<T> = ({ ok: true } & T) | { ok: false; error: WireError }

/** An expected failure. `say` is shown to a person as it stands; `log` goes to the operator alone. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly say: string
  readonly log: Record<string, unknown>

  constructor(code: ErrorCode, words: { say: string; log?: Record<string, unknown>; cause?: unknown }) {
    super(`${code}: ${words.say}`, words.cause === undefined ? undefined : { cause: words.cause })
    this.name = 'AppError'
    this.code = code
    this.say = words.say
    this.log = words.log ?? {}
  }

  get status(): number {
    return errorStatus[this.code]
  }

  toWire(): WireError {
    return { code: this.code, say: this.say }
  }
}

/** Turns anything thrown into an AppError, once, at a door; an unknown fault keeps its cause for the log. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  if (thrown instanceof z.ZodError) {
    const issue = thrown.issues[0]
    const where = issue && issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''
    return new AppError('bad-input', {
      say: `${where}${issue?.message ?? 'This input is not valid.'}`.slice(0, 400),
      cause: thrown,
    })
  }
  return new AppError('internal', { say: 'Something failed on our side. It has been logged.', cause: thrown })
}
