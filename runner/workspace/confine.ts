// Every file operation of the runner on a workspace, kept inside its root whatever paths, links and swaps users come up with.
// Knows nothing of documents or of the tree.
import { constants, readdirSync, realpathSync } from 'node:fs'
import { mkdir, open, type FileHandle } from 'node:fs/promises'
import { AppError } from '../../protocol/errors.ts'
import { folderOf, isWorkspacePath, nameOf, workspacePath } from '../../protocol/paths.ts'
import { diskFault, errnoOf, leadsOut } from './faults.ts'
import { hold, lookUp, whileHeld, type Held } from './held.ts'
import { removeTree } from './removal.ts'
import { replaceFile, syncFolder, type Place, type Replacing } from './replace.ts'
import { isScratch, Scratch } from './scratch.ts'
import type { Stat } from './stat.ts'
import { isUnsayable } from './unshown.ts'
import { pour, readUpTo, refuseIrregular, renameExclusive } from './transfer.ts'

export type NamedStat = { name: string; stat: Stat }
export type WrittenListener = (path: string, stat: Stat) => void

/** `scratch` is a folder of ours on the same file system, outside the workspace, where half-written files may lie. */
export function confine(root: string, options: { scratch?: string } = {}): Confined {
  return new Confined(realpathSync(root), options.scratch)
}

/**
 * Paths are workspace-relative (protocol/paths.ts); the empty string is the workspace itself. Links are followed inside the
 * workspace and refused with `bad-path` where they lead out. Other faults: `not-found`, `exists`, `forbidden`, `disk-full`.
 */
export class Confined {
  /** Absolute and real. */
  readonly root: string
  readonly #scratch: Scratch
  readonly #written = new Set<WrittenListener>()

  constructor(root: string, scratch?: string) {
    this.root = root
    this.#scratch = new Scratch(root, scratch)
  }

  /** Tells of each file that this object wrote, with its new identity, before the write is answered. */
  onWritten(listener: WrittenListener): () => void {
    this.#written.add(listener)
    return () => this.#written.delete(listener)
  }

  /** A regular file's bytes and the stat it had before it was read. Above `maxBytes`: `too-large`. */
  async read(path: string, maxBytes = Number.POSITIVE_INFINITY): Promise<{ bytes: Uint8Array; stat: Stat }> {
    const { file, stat } = await this.open(path)
    try {
      if (stat.size > maxBytes) {
        throw new AppError('too-large', { say: `${path} is too large.`, log: { path, size: stat.size } })
      }
      return { bytes: await readUpTo(file, stat.size), stat }
    } finally {
      await file.close()
    }
  }

  /** A regular file opened for reading; the caller closes it. Anything else is refused with `bad-input`. */
  async open(path: string): Promise<{ file: FileHandle; stat: Stat }> {
    return this.#guard(path, () =>
      whileHeld(this.#hold(path), async (held) => {
        refuseIrregular(path, held.stat)
        const file = await open(held.at, constants.O_RDONLY | constants.O_NONBLOCK)
        return { file, stat: held.stat }
      }),
    )
  }

  /** The stat of what a path leads to, following links inside. */
  stat(path: string): Stat {
    const held = this.#hold(path)
    held.close()
    return held.stat
  }

  /** The path that `path` leads to, following links inside. */
  real(path: string): string {
    const held = this.#hold(path)
    held.close()
    return held.real.slice(this.root.length + 1)
  }

  /** The stat of the path itself, never following its last part; null when there is nothing. */
  lstat(path: string): Stat | null {
    if (path !== '') named(path)
    try {
      const held = this.#hold(folderOf(path), { folder: true })
      try {
        return lookUp(held, nameOf(path))
      } finally {
        held.close()
      }
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'not-found') return null
      throw diskFault(thrown, path)
    }
  }

  /** What a folder holds, without our own hidden things and without names that no WorkspacePath can say: those are counted. */
  list(folder: string, unsayable?: (count: number) => void): NamedStat[] {
    const held = this.#hold(folder, { folder: true })
    try {
      let unshown = 0
      const listed = readdirSync(held.at).flatMap((name) => {
        const path = folder === '' ? name : `${folder}/${name}`
        const stat = isWorkspacePath(path) && !isScratch(path) ? lookUp(held, name) : null
        if (stat === null && isUnsayable(path)) unshown += 1
        return stat === null ? [] : [{ name, stat }]
      })
      unsayable?.(unshown)
      return listed
    } catch (thrown) {
      throw diskFault(thrown, folder)
    } finally {
      held.close()
    }
  }

  /**
   * Puts a whole file, atomically, keeping an existing file's mode; a link inside the workspace is written through. `still`
   * is asked at the last instant whether what is there may be replaced; `conflict` when not, and nothing was changed.
   * `replaced` is given the file that lost its name, still open: whoever takes it closes it.
   */
  async write(path: string, bytes: Uint8Array, on: Replacing = {}): Promise<Stat> {
    return this.#put(path, (file) => file.writeFile(bytes), on)
  }

  /** As write, from a stream; more than `maxBytes` is refused with `too-large` and changes nothing. */
  async writeStream(path: string, source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Stat> {
    return this.#put(path, (file) => pour(source, file, maxBytes))
  }

  /** Makes an empty file, and the folders above it that are missing; `exists` when there is anything of that name. */
  async createFile(path: string): Promise<Stat> {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW
    await this.makeFolders(folderOf(named(path)))
    return this.#inFolder(path, async ({ folder, name }) => {
      const file = await open(`${folder.at}/${name}`, flags, 0o666)
      await file.close()
      return this.#settled(path, { folder, name })
    })
  }

  /** Makes one folder, and those above it that are missing; `exists` when there is anything of that name. */
  async makeFolder(path: string): Promise<Stat> {
    await this.makeFolders(folderOf(named(path)))
    return this.#inFolder(path, async ({ folder, name }) => {
      await mkdir(`${folder.at}/${name}`, 0o777)
      return this.#settled(path, { folder, name })
    })
  }

  /** Makes the folders of `path` that are missing. */
  async makeFolders(path: string): Promise<void> {
    if (path !== '') named(path)
    if (path === '' || this.lstat(path)?.kind === 'folder') return
    await this.makeFolders(folderOf(path))
    await this.#inFolder(path, async ({ folder, name }) => {
      await mkdir(`${folder.at}/${name}`, 0o777).catch((thrown: unknown) => {
        if (errnoOf(thrown) !== 'EEXIST') throw thrown
      })
      await syncFolder(folder)
    })
    this.#hold(path, { folder: true }).close()
  }

  /** Gives a file, link or folder another path; never over something that exists. Folders of `to` must exist. */
  async move(from: string, to: string): Promise<void> {
    if (to.startsWith(`${from}/`)) {
      throw new AppError('bad-input', { say: 'A folder cannot be moved into itself.' })
    }
    await this.#inFolder(from, (source) =>
      this.#inFolder(to, async (target) => {
        await renameExclusive(source, target).catch((thrown: unknown) => {
          throw diskFault(thrown, errnoOf(thrown) === 'EEXIST' ? to : from)
        })
        await syncFolder(target.folder)
        await syncFolder(source.folder)
      }),
    )
  }

  /** Removes a file, a link (not what it leads to) or a folder with everything in it. */
  async remove(path: string): Promise<void> {
    await this.#inFolder(path, async ({ folder, name }) => {
      await removeTree(`${folder.at}/${name}`)
      await syncFolder(folder)
    })
  }

  async #put(path: string, fill: (file: FileHandle) => Promise<void>, on: Replacing = {}): Promise<Stat> {
    const target = this.#target(path)
    const placed = (stat: Stat): void => {
      for (const told of this.#written) told(target, stat)
    }
    return this.#inFolder(target, (place) => {
      const before = lookUp(place.folder, place.name)
      if (before?.kind === 'folder' || before?.kind === 'other') refuseIrregular(path, before)
      return replaceFile(place, this.#scratch, { ...on, fill, placed })
    })
  }

  /** The path that a write to `path` has to replace: where its links lead, or itself when there is nothing yet. */
  #target(path: string): string {
    if (this.lstat(path)?.kind !== 'link') return path
    try {
      return this.real(path)
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === 'not-found') return path
      throw thrown
    }
  }

  async #settled(path: string, place: Place): Promise<Stat> {
    await syncFolder(place.folder)
    return lookUp(place.folder, place.name) ?? this.stat(path)
  }

  #inFolder<T>(path: string, use: (place: Place) => Promise<T>): Promise<T> {
    return this.#guard(path, () => {
      const held = this.#hold(folderOf(named(path)), { folder: true })
      return whileHeld(held, (folder) => use({ folder, name: nameOf(path) }))
    })
  }

  #hold(path: string, want: { folder?: boolean } = {}): Held {
    if (path !== '') named(path)
    return hold(this.root, path, want)
  }

  async #guard<T>(path: string, use: () => Promise<T>): Promise<T> {
    try {
      return await use()
    } catch (thrown) {
      throw diskFault(thrown, path)
    }
  }
}

/** A path that people may name; ours are none of them. */
function named(path: string): string {
  workspacePath(path)
  if (isScratch(path)) throw leadsOut(path)
  return path
}
