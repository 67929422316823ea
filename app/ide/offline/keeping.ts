// Keeps one document's own edits in this browser from the first that waits until all are saved. It knows no room and no socket.
import type { KeptStore, Note } from './store.ts'

export type KeepingPlan = {
  /** Opens the store; it holds the whole text from then on. */
  open: () => KeptStore
  now: () => Pick<Note, 'path' | 'waiting' | 'base'>
  /** Whether everything that waits is in the store. */
  kept: (isKept: boolean) => void
}

/** Milliseconds between two notes: a note copies the whole text. */
const noteEveryMs = 250
/** A store without waiting edits is taken away after this long, in milliseconds: most edits are followed by others. */
const lingerMs = 10_000
/** How often a page says that its store is alive, in milliseconds, for browsers that cannot be asked. */
const touchEveryMs = 60_000

export class Keeping {
  readonly #plan: KeepingPlan
  #store: KeptStore | null = null
  /** Edits made so far, to know whether a note is of the newest. */
  #edits = 0
  #noting: ReturnType<typeof setTimeout> | undefined
  #touching: ReturnType<typeof setTimeout> | undefined
  #leaving: ReturnType<typeof setTimeout> | undefined
  #isOver = false

  constructor(plan: KeepingPlan) {
    this.#plan = plan
  }

  /** The store that is open now. */
  get name(): string | null {
    return this.#store?.name ?? null
  }

  edited(): void {
    if (this.#isOver) return
    this.#edits += 1
    this.#plan.kept(false)
    if (this.#store !== null) return this.#planNote()
    this.#store = this.#plan.open()
    // A store without a note does not say which file it is of.
    void this.#note()
  }

  /** What waits has changed. */
  changed(): void {
    if (this.#store === null || this.#isOver) return
    clearTimeout(this.#leaving)
    if (this.#plan.now().waiting > 0) return
    this.#planNote()
    this.#leaving = setTimeout(() => this.leaveNothing(), lingerMs)
  }

  /** Takes the store away when nothing in it waits. */
  leaveNothing(): void {
    if (this.#plan.now().waiting > 0) return
    const store = this.#letGo()
    void store?.remove().catch(() => undefined)
  }

  dispose(): void {
    this.#isOver = true
    if (this.#plan.now().waiting === 0) return this.leaveNothing()
    const { now } = this.#plan
    const last = { ...now(), at: Date.now(), carried: null }
    const store = this.#letGo()
    void store
      ?.note(last)
      .catch(() => undefined)
      .then(store.close)
  }

  #letGo(): KeptStore | null {
    clearTimeout(this.#noting)
    clearTimeout(this.#touching)
    clearTimeout(this.#leaving)
    this.#noting = undefined
    const store = this.#store
    this.#store = null
    return store
  }

  #planNote(): void {
    this.#noting ??= setTimeout(() => void this.#note(), noteEveryMs)
  }

  async #note(): Promise<void> {
    const store = this.#store
    const of = this.#edits
    this.#noting = undefined
    if (store === null) return
    const now = this.#plan.now()
    try {
      await store.note({ ...now, at: Date.now(), carried: null })
    } catch {
      // A full or forbidden store: nothing is called kept, and the page asks before it is left.
      return
    }
    if (store !== this.#store) return
    if (of === this.#edits) this.#plan.kept(true)
    clearTimeout(this.#touching)
    if (now.waiting > 0) this.#touching = setTimeout(() => void this.#note(), touchEveryMs)
  }
}
