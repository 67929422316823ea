// What a disk's refusals mean for an object store, in our own codes.
import { AppError } from '../../../protocol/errors.ts'
import { systemReason } from '../../words.ts'

/** True when `thrown` is the system error `code`. */
export function isErrno(thrown: unknown, ...codes: string[]): boolean {
  return thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))
}

/** A handler for what reading `key` throws: it always throws an AppError. */
export function refusal(key: string): (thrown: unknown) => never {
  return (thrown) => {
    throw asRefusal(key, thrown)
  }
}

/** As `refusal`, of writing: a folder that is not there says that the whole store is not, not that an object is not. */
export function writeRefusal(key: string): (thrown: unknown) => never {
  return (thrown) => {
    throw isErrno(thrown, 'ENOENT') ? storeIsAway({ log: { key }, cause: thrown }) : asRefusal(key, thrown)
  }
}

function storeIsAway(detail: { log: object; cause: unknown }): AppError {
  const say = 'The object store is not there. See that its folder is, and that its disk is mounted.'
  return new AppError('unavailable', { say, log: { ...detail.log }, cause: detail.cause })
}

function asRefusal(key: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const cause = { log: { key }, cause: thrown }
  if (isErrno(thrown, 'ENOTDIR'))
    return new AppError('unavailable', {
      say: 'The object store is not there: a file lies where one of its folders should be.',
      ...cause,
    })
  if (isErrno(thrown, 'ENOENT'))
    return new AppError('not-found', { say: 'This object is not in the store.', ...cause })
  if (isErrno(thrown, 'EEXIST'))
    return new AppError('conflict', { say: 'This object exists already and is never changed.', ...cause })
  if (isErrno(thrown, 'ENOSPC', 'EDQUOT'))
    return new AppError('disk-full', { say: 'The disk of the object store is full.', ...cause })
  const why = systemReason(thrown)
  const say =
    why === null ? 'The object store cannot be used right now.' : `The object store cannot be used: ${why}.`
  return new AppError('unavailable', { say, ...cause })
}
