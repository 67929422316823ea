// A file that ours took the place of, still open: what a program writes into it that had it open before. Only reads.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Place } from './replace.ts'
import { statOf, type Stat } from './stat.ts'

export type OldFile = {
  /** As it was when it lost its name. */
  readonly stat: Stat
  now(): Stat
  /** Its first `length` bytes. */
  read(length: number): Uint8Array
  close(): void
}

const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Opens what is at `place` before another takes its name; null when it may not be read. */
export function openOld(place: Place): OldFile | null {
  try {
    const fd = openSync(`${place.folder.at}/${place.name}`, flags)
    const now = (): Stat => statOf(fstatSync(fd, { bigint: true }))
    return { stat: now(), now, read: (length) => readWhole(fd, length), close: () => closeSync(fd) }
  } catch {
    return null
  }
}

function readWhole(fd: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length)
  let at = 0
  while (at < length) {
    const read = readSync(fd, bytes, at, length - at, at)
    if (read === 0) break
    at += read
  }
  return bytes.subarray(0, at)
}
