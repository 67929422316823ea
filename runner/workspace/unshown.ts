// Counts what lies in the workspace under names that no WorkspacePath can say: it is in no list, and people are told how much it is.
import { isWithin, isWorkspacePath } from '../../protocol/paths.ts'
import { isScratch } from './scratch.ts'

/** What stands in a name that is not UTF-8 after it was read as such: the file cannot be found by it. */
const unreadable = '\ufffd'

/** Of a path that leads to nothing although a folder holds it: true unless it is ours. */
export function isUnsayable(path: string): boolean {
  return !isScratch(path) && (!isWorkspacePath(path) || path.includes(unreadable))
}

export class Unshown {
  readonly #counts = new Map<string, number>()
  #total = 0
  #told = 0

  get total(): number {
    return this.#total
  }

  /** What a folder holds of it now. */
  note(folder: string, count: number): void {
    this.#total += count - (this.#counts.get(folder) ?? 0)
    if (count === 0) this.#counts.delete(folder)
    else this.#counts.set(folder, count)
  }

  /** A folder is gone, with all that is below it. */
  forget(path: string): void {
    for (const folder of this.#counts.keys()) if (isWithin(path, folder)) this.note(folder, 0)
  }

  /** The total when it is another than at the last call. */
  news(): { unshown?: number } {
    if (this.#total === this.#told) return {}
    this.#told = this.#total
    return { unshown: this.#total }
  }
}
