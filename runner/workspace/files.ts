// The workspace as documents need it: files that are missing or no files are nothing, a write can be called off.
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import type { Codec, Files, FileStat } from '../documents/ports.ts'
import { decode, encode } from './codec.ts'
import type { Confined } from './confine.ts'
import { diff } from './diff.ts'

/** Git holds this while it changes the work tree. */
const gitLock = '.git/index.lock'

export const textCodec: Codec = {
  decode,
  encode: (text, form, previous) => encode(text, form, previous ?? undefined),
  diff,
}

export function filesOf(confined: Confined): Files {
  return {
    read: (path) => confined.read(path, limits.documentBytes),
    stat: async (path) => fileStat(confined, path),
    real: (path) => confined.real(path),
    gitLock: () => confined.lstat(gitLock)?.mtime ?? null,
    write: (path, bytes, on) => confined.write(path, bytes, on).catch(calledOff),
  }
}

function fileStat(confined: Confined, path: string): FileStat | null {
  try {
    const stat = confined.stat(path)
    return stat.kind === 'file' ? stat : null
  } catch (fault) {
    if (fault instanceof AppError && fault.code === 'not-found') return null
    throw fault
  }
}

function calledOff(fault: unknown): null {
  if (fault instanceof AppError && fault.code === 'conflict') return null
  throw fault
}
