// What documents need from the workspace; holds no implementation. Given by start.ts.
import type { TextForm } from './intent.ts'

/** Ascending positions in the old text, UTF-16 units on code-point borders. */
export type Change = { at: number; remove: number; insert: string }

/** What tells one version of a file from another without reading it. */
export type FileStat = {
  size: number
  /** Milliseconds since 1970, with a fraction. */
  mtime: number
  mtimeNs: bigint
  dev: bigint
  ino: bigint
}

/** A file whose name another has now, still open: a program that has it open too may write on into it. */
export type OldFile = {
  /** As it was when it lost its name. */
  readonly stat: FileStat
  now(): FileStat
  /** Its first `length` bytes. */
  read(length: number): Uint8Array
  close(): void
}

/** Files of the workspace, by paths that can never lead out of it. Failures are AppErrors, a missing file `not-found`. */
export type Files = {
  read(path: string): Promise<{ bytes: Uint8Array; stat: FileStat }>
  /** Null when there is no such file. */
  stat(path: string): Promise<FileStat | null>
  /** The path of the file that `path` leads to: the same for every link to it. Throws `bad-path` where it leads out. */
  real(path: string): string
  /** Milliseconds since 1970 at which git took its lock; null while it has none. */
  gitLock(): number | null
  /**
   * Replaces the content as a whole; keeps the mode. Just before the rename `still` is asked with the file's stat:
   * false calls the write off, and then null is answered. `replaced` is given the file that lost its name, to be closed.
   */
  write(
    path: string,
    bytes: Uint8Array,
    on: { still: (stat: FileStat | null) => boolean; replaced: (old: OldFile) => void },
  ): Promise<FileStat | null>
}

export type Codec = {
  decode(bytes: Uint8Array): { kind: 'text'; text: string; form: TextForm } | { kind: 'binary' }
  /** `previous`: the file as it is, whose unchanged lines keep their own terminator. */
  encode(text: string, form: TextForm, previous: Uint8Array | null): Uint8Array
  diff(before: string, after: string): Change[]
}
