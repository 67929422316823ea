// A disk that refuses, in words for people. Decides nothing.
import { AppError, type ErrorCode } from '../../protocol/errors.ts'

const words: Record<string, readonly [ErrorCode, string]> = {
  ENOSPC: ['disk-full', 'The disk is full and takes no edits at the moment.'],
  EDQUOT: ['disk-full', 'The disk is full and takes no edits at the moment.'],
  EROFS: ['read-only', 'The disk is read-only and takes no edits at the moment.'],
}

/** What people are told when our own log cannot be written. */
export function refusalOf(fault: unknown): AppError {
  const errno = fault instanceof Error && 'code' in fault ? String(fault.code) : ''
  const [code, what] = words[errno] ?? ['unavailable', 'The disk fails and takes no edits at the moment.']
  return new AppError(code, {
    say: `${what} They wait in your page.`,
    log: errno === '' ? {} : { errno },
    cause: fault,
  })
}

const disks = new Set<ErrorCode>(['disk-full', 'read-only', 'unavailable'])

/** True for a fault of the whole disk, not of one file. */
export const isOfDisk = (fault: AppError): boolean => disks.has(fault.code)
