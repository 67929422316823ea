// The operating system's watches, one per folder, each put on the very folder that was checked to lie inside the root.
import { watch, type FSWatcher } from 'node:fs'
import { errnoOf } from './faults.ts'
import { hold } from './held.ts'

/** The kernel's limits on watches (per user) and on watch queues (per user): no fault of the folder. */
const scarce = new Set(['ENOSPC', 'EMFILE', 'ENFILE'])

type Told = { onEvent: (folder: string, name: string) => void; onScarce: (error: unknown) => void }

export class FolderWatches {
  readonly #root: string
  readonly #told: Told
  readonly #watchers = new Map<string, FSWatcher>()
  #isScarce = false

  constructor(root: string, told: Told) {
    this.#root = root
    this.#told = told
  }

  /** False when there is no such folder. Without watches left it still answers true: the owner sweeps instead. */
  add(folder: string): boolean {
    try {
      const held = hold(this.#root, folder, { folder: true })
      try {
        if (!this.#isScarce) this.#watch(folder, held.at)
      } finally {
        held.close()
      }
      return true
    } catch (error) {
      if (!scarce.has(errnoOf(error) ?? '')) return false
      this.#isScarce = true
      this.#told.onScarce(error)
      return true
    }
  }

  remove(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  closeAll(): void {
    for (const folder of this.#watchers.keys()) this.remove(folder)
  }

  #watch(folder: string, at: string): void {
    this.remove(folder)
    const watcher = watch(at, (_, name) => {
      if (name !== null) this.#told.onEvent(folder, name)
    })
    watcher.on('error', () => this.remove(folder))
    this.#watchers.set(folder, watcher)
  }
}
