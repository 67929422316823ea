// Lays log objects that were shipped after a cut over the restored log, in order. What records mean is the runner's.
import { closeSync, constants, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { RestoreRequest } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { decodeLogObject, type LogPiece } from '../../protocol/log-object.ts'
import { logFolder } from '../../protocol/objects.ts'
import { type Remote, remoteOf } from './remote.ts'
import type { Staged } from './restore.ts'

/**
 * Answers how many objects could not be used. From the first that is missing or damaged on none is: what came after it would
 * leave a hole. The same bytes may come twice; they are written to the same place.
 */
export async function layLogOver(
  { target, log }: Pick<RestoreRequest, 'target' | 'log'>,
  staged: Staged,
  signal: AbortSignal,
): Promise<number> {
  const remote = remoteOf(target, signal)
  if (log.length > 0) mkdirSync(join(staged.state, logFolder), { recursive: true, mode: 0o700 })
  for (const [index, key] of log.entries()) {
    const pieces = await piecesOf(remote, key)
    const isWhole = pieces?.every((piece) => layOver(staged.state, piece)) ?? false
    if (!isWhole) return log.length - index
  }
  return 0
}

/** Null when the object is not there or not whole; a store that is away is thrown, for then it may be tried again. */
async function piecesOf(remote: Remote, key: string): Promise<LogPiece[] | null> {
  try {
    return decodeLogObject(await buffer(await remote.get(key)))
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'not-found') return null
    throw thrown
  }
}

/** False when there is a hole before it. */
function layOver(state: string, { segment, at, content }: LogPiece): boolean {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW
  const fd = openSync(join(state, logFolder, segment), flags, 0o600)
  try {
    if (fstatSync(fd).size < at) return false
    for (let written = 0; written < content.length;)
      written += writeSync(fd, content, written, content.length - written, at + written)
    return true
  } finally {
    closeSync(fd)
  }
}
