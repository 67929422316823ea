// How a verification fails: in words that a person may read, with the object's key for the log.
import { AppError } from '../../protocol/errors.ts'

type Detail = { key: string; path?: string; bytes?: number; cause?: unknown }

export function failure(what: string, detail: Detail): AppError {
  const { cause, ...log } = detail
  const say = `The backup could not be verified. ${what}`.slice(0, 500)
  return new AppError('verify-failed', { say, log: { what, ...log }, cause })
}

export function missing(key: string): AppError {
  return failure('An object is missing from the store.', { key })
}
