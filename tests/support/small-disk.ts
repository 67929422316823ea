// Real small file systems: a command in a mount namespace of its own, with 8 MB under one folder, and a way to use them up.
// Needs root; who uses it says what is lacking.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export const canMount =
  spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs /mnt']).status === 0

const mountAndRun = 'mount -t tmpfs -o size=8m tmpfs "$1" && shift && exec "$@"'

/** Put before a command: what it finds at `folder` are 8 MB, empty at first, that only it and its children see. */
export const withSmallDisk = (folder: string): string[] => [
  'unshare',
  '-m',
  'sh',
  '-c',
  mountAndRun,
  'sh',
  folder,
]

/** Where others find the folder of process `pid`. */
export const seenBy = (pid: number, folder: string): string => `/proc/${pid}/root${folder}`

/** Takes every byte that is left. */
export function fill(folder: string): void {
  const fd = openSync(join(folder, 'filler'), 'w')
  try {
    for (let size = 1024 * 1024; size >= 1;) {
      try {
        writeSync(fd, Buffer.alloc(size))
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(fd)
  }
}
