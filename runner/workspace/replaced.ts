// The files of one document that ours took the place of, kept open for a while: a program that had one open writes on into it,
// and nobody would ever see that. Tells what was written; how it is merged is leftover.ts. A runner that dies lets go of them.
import { limits } from '../../protocol/limits.ts'
import type { OldFile } from '../documents/ports.ts'

/** Milliseconds that an old file is kept, and one into which somebody has written since, after the last time. */
const keptMs = { quiet: 5 * 60_000, written: 30 * 60_000 }
/** Old files of one document: while somebody types there is a new one with every key, and each costs a descriptor. */
const mostFiles = 32
/** Milliseconds that a file which has lost most of itself must stay as it is: its program is likely to be writing it anew. */
const shortMs = 2_000
/** Characters of their texts; without its text only what is added at the end can be told. */
const mostText = 4 * 1024 * 1024

/** What an old file held when it lost its name (`text` null: not kept), or when it was last looked at. */
export type Base = { sha256: string; size: number; text: string | null }
type Entry = {
  file: OldFile
  base: Base
  stat: OldFile['stat']
  since: number
  lived: number
  written: boolean
  /** It was seen with less than half of what it held, and when first so. */
  short: { stat: OldFile['stat']; at: number } | null
}
/** One that somebody wrote into. `taken`: it needs no look until it changes again, and this is merged. */
export type Leftover = { base: Base; bytes: Uint8Array; taken(now: Base): void }

export class Replaced {
  #entries: Entry[] = []
  #last = 0

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** True while a program is known to write into one of them: who knows what it holds must not be let go of. */
  get isWritten(): boolean {
    return this.#entries.some(({ written }) => written)
  }

  /** `base`: what the file held as far as we know. */
  keep(file: OldFile, was: Omit<Base, 'size'>, now: number): void {
    const base = { ...was, size: file.stat.size }
    const lived = now - this.#last
    this.#entries.push({ file, base, stat: file.stat, since: now, lived, written: false, short: null })
    this.#last = now
    this.#bound()
  }

  /** Those that were written into since the last time, and lets go of those that nobody wrote into for long. */
  *changed(now: number): Generator<Leftover> {
    for (const entry of this.#entries) {
      const stat = entry.file.now()
      if (!isSame(stat, entry.stat)) {
        if (!isBeingWritten(entry, stat, now)) yield this.#leftover(entry, now)
      } else if (now - entry.since > (entry.written ? keptMs.written : keptMs.quiet)) this.#drop(entry)
    }
  }

  close(): void {
    for (const { file } of this.#entries) file.close()
    this.#entries = []
  }

  #leftover(entry: Entry, now: number): Leftover {
    const stat = entry.file.now()
    return {
      base: entry.base,
      bytes: entry.file.read(Math.min(stat.size, limits.documentBytes)),
      taken: (base) => Object.assign(entry, { base, stat, since: now, written: true }),
    }
  }

  /** Who had a file open most likely opened one that was there for long. */
  #bound(): void {
    const quiet = this.#entries.filter(({ written }) => !written).sort((a, b) => a.lived - b.lived)
    for (const entry of quiet.slice(0, Math.max(0, quiet.length - mostFiles))) this.#drop(entry)
    let text = quiet.reduce((sum, { base }) => sum + (base.text?.length ?? 0), 0)
    for (const { base } of quiet) {
      if (text <= mostText) return
      text -= base.text?.length ?? 0
      base.text = null
    }
  }

  #drop(entry: Entry): void {
    entry.file.close()
    this.#entries = this.#entries.filter((other) => other !== entry)
  }
}

type Stat = Pick<OldFile['stat'], 'size' | 'mtimeNs'>

const isSame = (one: Stat, other: Stat): boolean => one.size === other.size && one.mtimeNs === other.mtimeNs

/** A program that truncates and then writes is not believed in between. */
function isBeingWritten(entry: Entry, stat: OldFile['stat'], now: number): boolean {
  if (stat.size * 2 >= entry.base.size) return false
  if (entry.short === null || !isSame(entry.short.stat, stat)) entry.short = { stat, at: now }
  return now - entry.short.at < shortMs
}
