// Turns the kernel's refusals into words for people; decides nothing else.
import { AppError, type ErrorCode } from '../../protocol/errors.ts'

const fullWords = 'The disk is full. Delete something in the file tree and try again.'

const words: Record<string, readonly [ErrorCode, (path: string) => string]> = {
  ENOENT: ['not-found', (path) => `${path} does not exist.`],
  ENOTDIR: ['not-found', (path) => `${path} does not exist.`],
  EEXIST: ['exists', (path) => `${path} exists already.`],
  ENOTEMPTY: ['exists', (path) => `${path} exists already and is not empty.`],
  EISDIR: ['bad-input', (path) => `${path} is a folder.`],
  EINVAL: ['bad-input', (path) => `This cannot be done with ${path}.`],
  ELOOP: ['bad-path', (path) => `${path} is a link that leads nowhere.`],
  ENAMETOOLONG: ['bad-path', (path) => `The name ${path.slice(0, 40)}… is too long.`],
  EACCES: ['forbidden', (path) => `The permissions of ${path} do not allow this.`],
  EPERM: ['forbidden', (path) => `The permissions of ${path} do not allow this.`],
  EXDEV: ['bad-input', (path) => `${path} lies on another disk.`],
  EROFS: ['read-only', () => 'The disk of this REPL is read-only.'],
  ENOSPC: ['disk-full', () => fullWords],
  EDQUOT: ['disk-full', () => fullWords],
  EIO: ['unavailable', () => 'The disk of this REPL fails. Back up what you can, and tell whoever runs it.'],
  EMFILE: ['unavailable', () => 'Too many files are open at once. Try again in a moment.'],
}

/** The `code` of a system error, or undefined for anything else. */
export function errnoOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}

/** Anything thrown by a file operation on `path`, as an AppError where its cause is known. */
export function diskFault(thrown: unknown, path: string): unknown {
  const errno = errnoOf(thrown)
  const known = errno === undefined ? undefined : words[errno]
  if (!known || thrown instanceof AppError) return thrown
  const [code, say] = known
  return new AppError(code, {
    say: say(path === '' ? 'The workspace' : path),
    log: { errno, path },
    cause: thrown,
  })
}

/** As a disk says it, for a repl whose own share of one is full. */
export function diskFull(path: string): AppError {
  return new AppError('disk-full', { say: fullWords, log: { path } })
}

export function leadsOut(path: string, real?: string): AppError {
  return new AppError('bad-path', {
    say: 'This path leads out of the workspace, or nowhere.',
    log: { path, real },
  })
}
