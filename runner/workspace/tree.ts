// The workspace's tree as a revisioned list: looks at the paths it is told of and says what changed, renames as moves.
// Watches nothing itself (watch.ts) and knows no pages (doors/tree.ts).
import type { Logger } from 'pino'
import { AppError } from '../../protocol/errors.ts'
import { isWithin, isWorkspacePath } from '../../protocol/paths.ts'
import { limits } from '../../protocol/limits.ts'
import type { Tree, TreeEntry, TreeOp, TreeOps } from '../../protocol/tree.ts'
import type { Confined } from './confine.ts'
import { Entries, entryOf, type Known } from './entries.ts'
import { Ignored, ignoreFile, readIgnored } from './ignored.ts'
import { Losses, type Loss } from './losses.ts'
import { isScratch } from './scratch.ts'
import { slices } from './slices.ts'
import { sameIdentity, sameStat, type Stat } from './stat.ts'
import { Unshown } from './unshown.ts'

/** A change of size and time alone is told at most this often: typing writes files many times a second. */
const calmMs = 500

export type OpsListener = (ops: TreeOps) => void

export class WorkspaceTree {
  readonly #confined: Confined
  readonly #log: Logger
  readonly #entries = new Entries()
  readonly #listeners = new Set<OpsListener>()
  readonly #losses = new Losses(() => void this.#enqueue(() => this.#decide(this.#losses.due())))
  readonly #calm = new Set<string>()
  readonly #unshown = new Unshown()
  readonly #recounts = new Set<string>()
  readonly #stopWritten: () => void
  #ignored = new Ignored()
  #ops: TreeOp[] = []
  #rev = 0
  #work: Promise<void> = Promise.resolve()
  #calmTimer: NodeJS.Timeout | undefined
  #recountTimer: NodeJS.Timeout | undefined
  #sorted: Tree | null = null
  #closed = false

  constructor(deps: { confined: Confined; log: Logger }) {
    this.#confined = deps.confined
    this.#log = deps.log
    this.#stopWritten = deps.confined.onWritten((path, stat) => this.#written(path, stat))
  }

  /** Reads the whole tree for the first time. */
  start(): Promise<void> {
    return this.#enqueue(async () => {
      this.#ignored = await readIgnored(this.#confined)
      await this.#scan('')
    })
  }

  close(): void {
    this.#closed = true
    this.#stopWritten()
    this.#losses.stop()
    clearTimeout(this.#calmTimer)
    clearTimeout(this.#recountTimer)
    this.#listeners.clear()
  }

  /** The whole list at this revision. */
  snapshot(): Tree {
    this.#emit()
    if (this.#sorted?.rev !== this.#rev)
      this.#sorted = { rev: this.#rev, entries: this.#entries.sorted(), unshown: this.#unshown.total }
    return this.#sorted
  }

  /** What a folder that is not listed by itself holds now; its folders have to be asked for in turn. */
  list(folder: string): TreeEntry[] {
    const hidden = this.#entries.get(folder)?.entry.ignored === true || this.#ignored.inside(`${folder}/x`)
    return this.#confined
      .list(folder)
      .filter(({ stat }) => stat.kind !== 'other')
      .map(({ name, stat }) => {
        const path = folder === '' ? name : `${folder}/${name}`
        return entryOf(path, stat, stat.kind === 'folder' && (hidden || this.#ignored.folder(path)))
      })
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  /** Called with every new revision, in the turn in which it was made. */
  onOps(listener: OpsListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Looks at these paths again. `now`: what vanished is not waited for (we removed or moved it ourselves). */
  touch(paths: Iterable<string>, how: { now?: boolean } = {}): Promise<void> {
    const looked = [...new Set(paths)].sort()
    return this.#enqueue(async () => {
      if (looked.includes(ignoreFile)) await this.#readIgnored()
      const giveWay = this.#slices()
      for (const path of looked) {
        await this.#look(path)
        await giveWay()
      }
      if (!how.now) return
      await this.#decide((loss) => looked.includes(loss.from) || looked.includes(loss.to ?? ''))
    })
  }

  /** Counts again, soon and once for many events, what a folder holds that no list can name. */
  recount(folder: string): void {
    this.#recounts.add(folder)
    this.#recountTimer ??= setTimeout(() => {
      this.#recountTimer = undefined
      const folders = [...this.#recounts]
      this.#recounts.clear()
      void this.#enqueue(async () => folders.forEach((each) => this.#listed(each))).catch(() => undefined)
    }, calmMs)
  }

  /** Decides at once whatever still waits to be told. */
  settle(): Promise<void> {
    return this.#enqueue(async () => {
      await this.#decide(() => true)
      this.#tellCalm()
    })
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    const done = this.#after(this.#work, work)
    this.#work = done.catch((error: unknown) => this.#log.error({ err: error }, 'the tree could not be read'))
    return done
  }

  async #after(earlier: Promise<void>, work: () => Promise<void>): Promise<void> {
    await earlier
    if (this.#closed) return
    await work()
    this.#emit()
  }

  /** One path that cannot be looked at does not keep the others from being told. */
  async #look(path: string): Promise<void> {
    try {
      await this.#lookAt(path)
    } catch (error) {
      this.#log.warn({ err: error, path }, 'a path could not be looked at')
    }
  }

  async #lookAt(path: string): Promise<void> {
    const top = this.#topUnknown(path)
    if (top === null) return
    const stat = this.#at(top)
    const known = this.#entries.get(top)
    if (!known) {
      if (stat && stat.kind !== 'other') await this.#found(top, stat)
    } else if (!stat || stat.kind === 'other') {
      this.#losses.add(top, null)
    } else {
      await this.#seen(top, known, stat)
    }
  }

  /** Nothing of ours lies beyond a folder that was swapped for a link which leads out. */
  #at(path: string): Stat | null {
    try {
      return this.#confined.lstat(path)
    } catch (error) {
      if (error instanceof AppError && error.code === 'bad-path') return null
      throw error
    }
  }

  /** The first part of `path` that is not listed yet, or the path itself; null for what is never listed. */
  #topUnknown(path: string): string | null {
    if (!isWorkspacePath(path) || isScratch(path)) return null
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      const above = this.#entries.get(path.slice(0, cut))
      if (!above) return path.slice(0, cut)
      if (above.entry.ignored || above.entry.kind !== 'folder') return null
    }
    return path
  }

  async #seen(path: string, known: Known, stat: Stat): Promise<void> {
    const sameKind = known.stat.kind === stat.kind
    const otherFolder = stat.kind === 'folder' && !sameIdentity(known.stat, stat)
    if (!sameKind || otherFolder) {
      this.#drop(path)
      await this.#found(path, stat)
    } else if (!sameStat(known.stat, stat) && stat.kind !== 'folder') {
      this.#changed(path, stat)
    }
  }

  #changed(path: string, stat: Stat): void {
    this.#entries.put({ entry: entryOf(path, stat, false), stat })
    this.#sorted = null
    this.#calm.add(path)
    this.#calmTimer ??= setTimeout(() => {
      this.#tellCalm()
      this.#emit()
    }, calmMs)
  }

  #tellCalm(): void {
    clearTimeout(this.#calmTimer)
    this.#calmTimer = undefined
    for (const path of this.#calm) {
      const known = this.#entries.get(path)
      if (known) this.#ops.push({ op: 'put', entry: known.entry })
    }
    this.#calm.clear()
  }

  async #found(path: string, stat: Stat): Promise<void> {
    const from = this.#movedFrom(path, stat)
    if (from === null) await this.#add(path, stat)
    else this.#losses.add(from, path)
  }

  /** Where the thing now at `path` was before, when it is there no more. */
  #movedFrom(path: string, stat: Stat): string | null {
    const from = this.#entries.samePlaceOf(stat)
    return from === undefined || isWithin(from, path) || this.#isStill(from, stat) ? null : from
  }

  #isStill(path: string, stat: Stat): boolean {
    const now = this.#at(path)
    return now !== null && sameIdentity(now, stat)
  }

  async #add(path: string, stat: Stat): Promise<void> {
    if (!this.#put(path, stat)) return
    await this.#scan(path)
  }

  /** Lists one thing; true when it is a folder whose content belongs into the list. */
  #put(path: string, stat: Stat): boolean {
    const full = this.#entries.size >= limits.treeEntries
    const ignored = stat.kind === 'folder' && (full || this.#ignored.folder(path))
    const entry = entryOf(path, stat, ignored)
    this.#entries.put({ entry, stat })
    this.#ops.push({ op: 'put', entry })
    return stat.kind === 'folder' && !ignored
  }

  /** Lists what is below a folder, level by level, so that a full list still has the upper levels. */
  async #scan(top: string): Promise<void> {
    const giveWay = this.#slices()
    const folders = [top]
    for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
      for (const { name, stat } of this.#listed(folder)) {
        const path = folder === '' ? name : `${folder}/${name}`
        if (this.#meets(path, stat)) folders.push(path)
      }
      await giveWay()
    }
  }

  /** One thing found on a scan; true when it is a folder to scan in turn. */
  #meets(path: string, stat: Stat): boolean {
    const known = this.#entries.get(path)
    if (known) return known.entry.kind === 'folder' && known.entry.ignored !== true
    if (stat.kind === 'other') return false
    const from = this.#movedFrom(path, stat)
    if (from === null) return this.#put(path, stat)
    this.#losses.add(from, path)
    return false
  }

  /** A folder that was removed or swapped meanwhile is empty; the watcher tells of it. */
  #listed(folder: string): { name: string; stat: Stat }[] {
    try {
      return this.#confined.list(folder, (count) => this.#unshown.note(folder, count))
    } catch (error) {
      this.#unshown.forget(folder)
      this.#log.debug({ err: error, folder }, 'a folder could not be listed')
      return []
    }
  }

  /** Says of what vanished whether it moved, came back or is gone; deciding one may tell where another went. */
  async #decide(which: (loss: Loss) => boolean): Promise<void> {
    const giveWay = this.#slices()
    for (let due = this.#losses.paths(which); due.length > 0; due = this.#losses.paths(which)) {
      for (const from of due) {
        const loss = this.#losses.take(from)
        if (loss) await this.#decideOne(loss.from, loss.to)
        await giveWay()
      }
    }
  }

  async #decideOne(from: string, to: string | null): Promise<void> {
    const known = this.#entries.get(from)
    const moved = to === null ? null : this.#at(to)
    const free = to !== null && !this.#entries.get(to)
    if (known && to !== null && free && moved && sameIdentity(known.stat, moved) && !this.#at(from)) {
      await this.#move(known, to, moved)
      return
    }
    if (known && !this.#at(from)) this.#drop(from)
    else await this.#look(from)
    if (to !== null) await this.#look(to)
  }

  async #move(known: Known, to: string, stat: Stat): Promise<void> {
    const from = known.entry.path
    this.#entries.move(from, to)
    this.#unshown.forget(from)
    this.#ops.push({ op: 'move', from, to })
    this.#emit()
    const ignored = this.#entries.get(to)?.entry.ignored === true
    if (ignored !== (stat.kind === 'folder' && this.#ignored.folder(to))) {
      this.#drop(to)
      await this.#add(to, stat)
    } else if (stat.kind === 'folder') {
      if (!ignored) await this.#lookThrough(to)
    } else if (!sameStat(known.stat, stat)) {
      this.#changed(to, stat)
    }
  }

  /** What changed inside a folder on its way to another path. */
  async #lookThrough(folder: string): Promise<void> {
    const giveWay = this.#slices()
    for (const path of this.#entries.below(folder)) {
      await this.#look(path)
      await giveWay()
    }
    await this.#scan(folder)
  }

  #drop(path: string): void {
    if (!this.#entries.get(path)) return
    this.#entries.remove(path)
    this.#unshown.forget(path)
    this.#ops.push({ op: 'gone', path })
  }

  /** Our own write gives a file a new identity: known at once, or a rename right after it would go unseen. */
  #written(path: string, stat: Stat): void {
    const known = this.#entries.get(path)
    if (known?.entry.kind === 'file') this.#changed(path, stat)
    else void this.touch([path]).catch(() => undefined)
  }

  async #readIgnored(): Promise<void> {
    const before = this.#ignored
    this.#ignored = await readIgnored(this.#confined)
    if (this.#ignored.equals(before)) return
    for (const path of this.#entries.below('')) {
      const known = this.#entries.get(path)
      if (known?.stat.kind !== 'folder' || (known.entry.ignored === true) === this.#ignored.folder(path))
        continue
      this.#drop(path)
      await this.#add(path, known.stat)
    }
  }

  /** Long walks give way, and tell what they found so far before they do. */
  #slices(): () => Promise<void> {
    return slices(() => this.#emit())
  }

  #emit(): void {
    const news = this.#unshown.news()
    if (this.#ops.length === 0 && news.unshown === undefined) return
    this.#rev += 1
    this.#sorted = null
    const told = { rev: this.#rev, ops: this.#ops, ...news }
    this.#ops = []
    for (const listener of this.#listeners) listener(told)
  }
}
