// What a disk's refusals mean for a restore or a flush, in our own codes.
import { AppError } from '../../protocol/errors.ts'
import { isErrno } from './errno.ts'

/** A full disk in words; anything else as it was thrown. */
export function asDiskFault(thrown: unknown): unknown {
  if (!isErrno(thrown, 'ENOSPC', 'EDQUOT')) return thrown
  return new AppError('disk-full', { say: 'The disk is full.', cause: thrown })
}
