// Finds edits that earlier pages of this person left in this browser, brings them home without asking, and then takes their stores away.
import { asAppError } from '../../../protocol/errors.ts'
import { nameOf } from '../../../protocol/paths.ts'
import type { Opened } from '../../../protocol/tree.ts'
import { shownName } from '../../ui/shown-name.ts'
import { carryOver, hasArrived } from '../editor/carry-over.ts'
import type { OpenDocument } from '../editor/document.ts'
import type { Documents } from '../editor/documents.ts'
import { createStore, until, type Readable } from '../store.ts'
import {
  listStores,
  readStore,
  removeStore,
  renote,
  storeName,
  type KeptEdits,
  type Note,
  type StoreAddress,
} from './store.ts'
import { insteadOf, livingWriters } from './writer.ts'

export type Leftovers = {
  /** Edits found in this browser that no open document counts. */
  waiting: Readable<number>
  /** Looks for stores; brings home what can be brought now. */
  look: () => void
  dispose: () => void
}

export type LeftoversPlan = {
  person: string
  repl: string
  /** This page's own stores are left alone. */
  writer: string
  documents: Documents
  /** Whether files can be opened now. */
  isLive: () => boolean
  open: (path: string) => Promise<Opened>
  say: (words: string) => void
}

/** How often a page looks for stores of tabs that were closed meanwhile, in milliseconds. */
const lookEveryMs = 60_000

export function findLeftovers(plan: LeftoversPlan): Leftovers {
  return new FoundLeftovers(plan)
}

class FoundLeftovers implements Leftovers {
  readonly waiting = createStore(0)
  readonly #plan: LeftoversPlan
  /** Edits by store, of those that no document has taken yet. */
  readonly #found = new Map<string, number>()
  readonly #busy = new Set<string>()
  readonly #timer = setInterval(() => this.look(), lookEveryMs)
  #isOver = false

  constructor(plan: LeftoversPlan) {
    this.#plan = plan
    this.look()
  }

  readonly look = (): void => {
    // Where the browser keeps nothing for pages there is nothing to find.
    void this.#look().catch(() => undefined)
  }

  readonly dispose = (): void => {
    this.#isOver = true
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { person, repl, writer } = this.#plan
    const [stores, living] = await Promise.all([listStores({ person, repl }), livingWriters()])
    const left = stores.filter((store) => store.writer !== writer && !living.has(store.writer))
    await Promise.all(left.map((store) => this.#care(store)))
  }

  async #care(store: StoreAddress): Promise<void> {
    const name = storeName(store)
    if (this.#busy.has(name) || this.#isOver) return
    this.#busy.add(name)
    try {
      const { note } = await readStore(name)
      this.#count(name, note?.waiting ?? 0)
      if (this.#plan.isLive()) await insteadOf(store.writer, note?.at ?? 0, () => this.#bringHome(store))
    } finally {
      this.#busy.delete(name)
    }
  }

  async #bringHome(store: StoreAddress): Promise<void> {
    const name = storeName(store)
    const kept = await readStore(name)
    const { note } = kept
    if (note !== null && !(note.waiting === 0 && note.base === kept.text)) {
      const file = await this.#fileOf(note)
      if (file?.kind !== 'text') return
      const document = this.#plan.documents.open(file)
      try {
        await this.#bring({ store, kept, note, document })
      } finally {
        this.#plan.documents.close(document.id)
      }
      if (this.#isOver || document.facts.get().closed !== null) return
    }
    await removeStore(name)
    this.#count(name, 0)
  }

  async #bring(leftover: Leftover): Promise<void> {
    const { store, kept, note, document } = leftover
    const name = storeName(store)
    // Without a count the text must be here first: only then is it known whether anything in the store is new.
    if (note.waiting === 0) await until(document.facts, isSettledIn)
    if (document.id === store.doc && document.epoch === store.epoch) {
      document.bring({ update: kept.update, waiting: note.waiting, base: note.base })
    } else {
      await until(document.facts, isSettledIn)
      const mark = (carried: Note['carried']): Promise<void> => renote(name, { ...note, carried })
      const texts = { before: note.base, mine: kept.text }
      if (!hasArrived(document, note.carried)) await carryOver(document, { texts, mark, say: this.#plan.say })
    }
    // The document counts them from here on.
    this.#count(name, 0)
    await until(document.facts, isSettled)
  }

  async #fileOf({ path, waiting }: Note): Promise<Opened | null> {
    try {
      return await this.#plan.open(path)
    } catch (thrown) {
      if (asAppError(thrown).code === 'not-found' && waiting > 0)
        this.#plan.say(
          `${shownName(nameOf(path))} was deleted while this browser held edits of yours in it. They are kept: make the file again, and they come back into it.`,
        )
      return null
    }
  }

  #count(name: string, waiting: number): void {
    if (waiting === 0) this.#found.delete(name)
    else this.#found.set(name, waiting)
    this.waiting.set([...this.#found.values()].reduce((sum, count) => sum + count, 0))
  }
}

type Leftover = { store: StoreAddress; kept: KeptEdits; note: Note; document: OpenDocument }
type Facts = ReturnType<OpenDocument['facts']['get']>

const isSettledIn = ({ hasText, awaySince, closed }: Facts): boolean =>
  closed !== null || (hasText && awaySince === null)
const isSettled = (facts: Facts): boolean =>
  facts.closed !== null || (isSettledIn(facts) && facts.waiting.unsaved === 0)
