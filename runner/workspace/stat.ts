// What we keep of a file's stat: its kind, size, times and identity.
import type { BigIntStats } from 'node:fs'

/** `other` is a FIFO, a socket or a device: listed nowhere, never opened. */
export type Kind = 'file' | 'folder' | 'link' | 'other'

export type Stat = {
  kind: Kind
  /** Bytes. */
  size: number
  /** Milliseconds since 1970, with a fraction. */
  mtime: number
  /** Nanoseconds since 1970. */
  mtimeNs: bigint
  /** Permission bits. */
  mode: number
  nlink: number
  /** Together with `bornNs` the identity of a file: inode numbers alone are reused at once after a deletion. */
  dev: bigint
  ino: bigint
  /** Birth in nanoseconds since 1970; 0 on file systems that do not keep it. */
  bornNs: bigint
  uid: number
  gid: number
}

function kindOf(stats: BigIntStats): Kind {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'folder'
  return stats.isSymbolicLink() ? 'link' : 'other'
}

export function statOf(stats: BigIntStats): Stat {
  return {
    kind: kindOf(stats),
    size: stats.isFile() || stats.isSymbolicLink() ? Number(stats.size) : 0,
    mtime: Number(stats.mtimeNs) / 1e6,
    mtimeNs: stats.mtimeNs,
    mode: Number(stats.mode) & 0o7777,
    nlink: Number(stats.nlink),
    dev: stats.dev,
    ino: stats.ino,
    bornNs: stats.birthtimeNs,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  }
}

/** True when nothing that a stat shows tells the two apart. */
export function sameStat(a: Stat, b: Stat): boolean {
  return (
    a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.kind === b.kind && a.dev === b.dev
  )
}

/** True when both are the same thing on disk, under whatever name: birth tells a reused inode number apart. */
export function sameIdentity(a: Stat, b: Stat): boolean {
  if (a.ino !== b.ino || a.dev !== b.dev || a.kind !== b.kind || a.bornNs !== b.bornNs) return false
  return a.bornNs !== 0n || (a.size === b.size && a.mtimeNs === b.mtimeNs)
}
