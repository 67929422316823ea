// Tells which paths of a workspace changed: one fs.watch per folder, looked after with sweeps, because watches lose events in
// silence. Knows nothing of what is done about a change.
import type { Logger } from 'pino'
import { folderOf, isWithin, nameOf } from '../../protocol/paths.ts'
import { confine, type Confined } from './confine.ts'
import { FolderWatches } from './folder-watches.ts'
import { Ignored, ignoreFile, readIgnored } from './ignored.ts'
import { slices } from './slices.ts'
import { sameStat, type Stat } from './stat.ts'
import { isUnsayable } from './unshown.ts'

/** Events of one stroke (a save is three) are looked at together after this. */
const gatherMs = 5
/** More events than this within a second may be more than the kernel's queue holds: the rest is found by a sweep. */
const eventsPerSecond = 8_000
/** A sweep after a flood waits until the flood is over. */
const afterFloodMs = 1_000
/** Events can be lost without any sign; a walk over 5,000 files costs some tens of milliseconds, in slices. */
const sweepMs = 30_000
/** Where the kernel gives no more watches, sweeps take their place. */
const pollMs = 2_000

/** Of git's own folder only these are told: they mark a checkout that goes on and one that is done. */
const gitFolder = '.git'
const gitNames = new Set(['HEAD', 'index.lock'])

export type WatchOptions = {
  root: string
  onChange: (paths: Set<string>) => void
  /** Something came or went in this folder under a name that no path can say. */
  onUnsayable?: (folder: string) => void
  log: Logger
}
export type WorkspaceWatch = { close(): Promise<void>; sweep(): Promise<void> }

/** Resolves once every folder is watched. Paths told may be files, folders or links, there or gone. */
export async function watchWorkspace(options: WatchOptions): Promise<WorkspaceWatch> {
  const watch = new Watch(options)
  await watch.start()
  return watch
}

class Watch {
  readonly #options: WatchOptions
  readonly #confined: Confined
  readonly #watches: FolderWatches
  /** What each watched folder held when it was last looked at. */
  readonly #seen = new Map<string, Map<string, Stat>>()
  /** Names with events, by folder. */
  readonly #pending = new Map<string, Set<string>>()
  #changed = new Set<string>()
  #ignored = new Ignored()
  #work: Promise<void> = Promise.resolve()
  #gather: NodeJS.Timeout | undefined
  #flood: NodeJS.Timeout | undefined
  #rounds: NodeJS.Timeout | undefined
  #events = { since: 0, count: 0 }
  #closed = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#confined = confine(options.root)
    this.#watches = new FolderWatches(this.#confined.root, {
      onEvent: (folder, name) => this.#event(folder, name),
      onScarce: (error) => this.#poll(error),
    })
  }

  start(): Promise<void> {
    this.#rounds = setInterval(() => void this.sweep(), sweepMs)
    return this.#enqueue(async () => {
      this.#ignored = await readIgnored(this.#confined)
      await this.#enter('')
      // Nothing has changed yet: this was the first look.
      this.#changed.clear()
    })
  }

  /** Compares everything with what was last seen and tells the differences. */
  sweep(): Promise<void> {
    return this.#enqueue(async () => {
      const giveWay = slices()
      for (const folder of this.#seen.keys()) {
        if (this.#seen.has(folder)) await this.#compare(folder)
        await giveWay()
      }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#gather)
    clearTimeout(this.#flood)
    clearInterval(this.#rounds)
    await this.#work
    this.#watches.closeAll()
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#after(this.#work, work)
    return this.#work
  }

  async #after(earlier: Promise<void>, work: () => Promise<void>): Promise<void> {
    await earlier
    if (this.#closed) return
    try {
      await work()
      this.#tell()
    } catch (error) {
      this.#options.log.error({ err: error }, 'the workspace could not be watched')
    }
  }

  #tell(): void {
    if (this.#changed.size === 0 || this.#closed) return
    const changed = this.#changed
    this.#changed = new Set()
    this.#options.onChange(changed)
  }

  #event(folder: string, name: string): void {
    this.#countEvent()
    const names = this.#pending.get(folder) ?? new Set()
    this.#pending.set(folder, names.add(name))
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined
      void this.#enqueue(() => this.#lookAtPending())
    }, gatherMs)
  }

  #countEvent(): void {
    const now = performance.now()
    if (now - this.#events.since > 1_000) this.#events = { since: now, count: 0 }
    this.#events.count += 1
    if (this.#events.count <= eventsPerSecond) return
    clearTimeout(this.#flood)
    this.#flood = setTimeout(() => void this.sweep(), afterFloodMs)
  }

  #poll(error: unknown): void {
    this.#options.log.warn({ err: error }, 'the system gives no more file watches; looking every 2 s instead')
    clearInterval(this.#rounds)
    this.#rounds = setInterval(() => void this.sweep(), pollMs)
  }

  async #lookAtPending(): Promise<void> {
    const giveWay = slices()
    const pending = Array.from(this.#pending)
    this.#pending.clear()
    for (const [folder, names] of pending) {
      for (const name of names) await this.#look(folder, name)
      await giveWay()
    }
  }

  async #look(folder: string, name: string): Promise<void> {
    const seen = this.#seen.get(folder)
    const path = folder === '' ? name : `${folder}/${name}`
    const tells = folder !== gitFolder || gitNames.has(name)
    if (!seen || !tells) return
    const now = this.#lstat(path)
    // Nothing now, nothing before: a file that came and went, or the folder's own event under a name of the kernel's.
    if (!now && !seen.has(name)) {
      if (isUnsayable(path)) this.#options.onUnsayable?.(folder)
      return
    }
    await this.#apply({ seen, path }, now)
    if (path === ignoreFile) await this.#readIgnored()
  }

  async #apply({ seen, path }: { seen: Map<string, Stat>; path: string }, now: Stat | null): Promise<void> {
    const before = seen.get(nameOf(path))
    if (now) seen.set(nameOf(path), now)
    else seen.delete(nameOf(path))
    if (folderOf(path) !== gitFolder || gitNames.has(nameOf(path))) this.#changed.add(path)
    const sameFolder = before?.kind === 'folder' && now?.kind === 'folder' && before.ino === now.ino
    if (before?.kind === 'folder' && !sameFolder) this.#leave(path)
    if (now?.kind === 'folder' && !this.#seen.has(path) && this.#isWatched(path)) await this.#enter(path)
  }

  async #compare(folder: string): Promise<void> {
    const seen = this.#seen.get(folder)
    const listed = this.#list(folder)
    if (!seen) return
    if (!listed) return this.#leave(folder)
    const gone = new Set(seen.keys())
    for (const { name, stat } of listed) {
      gone.delete(name)
      const path = folder === '' ? name : `${folder}/${name}`
      const before = seen.get(name)
      const unwatched = stat.kind === 'folder' && this.#isWatched(path) && !this.#seen.has(path)
      const folderAsBefore = stat.kind === 'folder' && before?.kind === 'folder' && before.ino === stat.ino
      const same = before !== undefined && (folderAsBefore || sameStat(before, stat))
      if (!same || unwatched) await this.#apply({ seen, path }, stat)
    }
    for (const name of gone)
      await this.#apply({ seen, path: folder === '' ? name : `${folder}/${name}` }, null)
  }

  /** Watches a folder and everything below it; what is found there counts as changed. */
  async #enter(top: string): Promise<void> {
    const giveWay = slices()
    const folders = [top]
    for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
      // First the watch, then the list: what comes in between is seen twice rather than never.
      if (!this.#watches.add(folder)) continue
      const seen = new Map<string, Stat>()
      this.#seen.set(folder, seen)
      for (const { name, stat } of this.#list(folder) ?? []) {
        const path = folder === '' ? name : `${folder}/${name}`
        seen.set(name, stat)
        if (folder !== gitFolder || gitNames.has(name)) this.#changed.add(path)
        if (stat.kind === 'folder' && this.#isWatched(path)) folders.push(path)
      }
      await giveWay()
    }
  }

  #leave(path: string): void {
    for (const folder of this.#seen.keys()) {
      if (folder === '' || !isWithin(path, folder)) continue
      this.#seen.delete(folder)
      this.#watches.remove(folder)
    }
  }

  #isWatched(path: string): boolean {
    if (path === gitFolder) return true
    return folderOf(path) !== gitFolder && !this.#ignored.folder(path) && !this.#ignored.inside(path)
  }

  async #readIgnored(): Promise<void> {
    const before = this.#ignored
    this.#ignored = await readIgnored(this.#confined)
    if (this.#ignored.equals(before)) return
    for (const folder of this.#seen.keys()) {
      if (folder !== '' && !this.#isWatched(folder)) this.#leave(folder)
    }
    for (const folder of this.#seen.keys()) await this.#compare(folder)
  }

  #list(folder: string): { name: string; stat: Stat }[] | null {
    try {
      return this.#confined.list(folder)
    } catch {
      return null
    }
  }

  #lstat(path: string): Stat | null {
    try {
      return this.#confined.lstat(path)
    } catch {
      return null
    }
  }
}
