// The ledger of one machine: records in memory, every change durable in one file before it is told. One process at a time.
import { join } from 'node:path'
import { AppError } from '../../../protocol/errors.ts'
import { makePrivateFolder } from '../../disk.ts'
import type { Change, Entry, Ledger } from '../ledger.ts'
import { takeLock } from './lock.ts'
import type { Line } from './lines.ts'
import { apply, openStore, type Store } from './store.ts'

type Ask = {
  line: Omit<Line, 'v'>
  expected: number
  done: (entry: Entry) => void
  fail: (why: AppError) => void
}

/** Opens the ledger in `folder`; throws `exists` when another living process has it. */
export async function embeddedLedger(folder: string): Promise<Ledger> {
  await makePrivateFolder(folder)
  const lock = await takeLock(
    join(folder, 'ledger.lock'),
    (pid) => `The ledger in ${folder} is in use by another process (${pid}). Stop it first.`,
  )
  try {
    const { store, entries, counter } = await openStore(join(folder, 'ledger.log'))
    return ledgerOver({ store, entries, counter, release: () => lock.release() })
  } catch (thrown) {
    await lock.release()
    throw thrown
  }
}

type Parts = { store: Store; entries: Map<string, Entry>; counter: number; release: () => Promise<void> }

/** A ledger over any store of lines; the store decides what durable means. */
export function ledgerOver(parts: Parts): Ledger {
  return new EmbeddedLedger(parts)
}

class EmbeddedLedger implements Ledger {
  readonly #parts: Parts
  readonly #watchers = new Set<{ prefix: string; tell: (change: Change) => void }>()
  #entries: ReadonlyMap<string, Entry>
  #counter: number
  #asks: Ask[] = []
  #writing: Promise<void> | null = null
  #isClosed = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#entries = parts.entries
    this.#counter = parts.counter
  }

  get(key: string): Promise<Entry | null> {
    return Promise.resolve(copy(this.#entries.get(key) ?? null))
  }

  compareAndSet(key: string, expected: number, value: unknown): Promise<Entry> {
    return this.#ask({ k: key, d: copy(value) }, expected)
  }

  list(prefix: string): Promise<Entry[]> {
    const found = [...this.#entries.values()].filter((entry) => entry.key.startsWith(prefix))
    return Promise.resolve(found.sort((a, b) => (a.key < b.key ? -1 : 1)).map(copy))
  }

  async delete(key: string, expected: number): Promise<void> {
    await this.#ask({ k: key, gone: true }, expected)
  }

  watch(prefix: string, tell: (change: Change) => void): () => void {
    const watcher = { prefix, tell }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
    await this.#parts.store.close()
    await this.#parts.release()
  }

  #ask(line: Omit<Line, 'v'>, expected: number): Promise<Entry> {
    if (this.#isClosed) return Promise.reject(notKept('closed'))
    return new Promise((done, fail) => {
      this.#asks.push({ line, expected, done, fail })
      this.#writing ??= Promise.resolve().then(() => this.#writeAll())
    })
  }

  async #writeAll(): Promise<void> {
    while (this.#asks.length > 0) await this.#writeBatch()
    this.#writing = null
  }

  /** Writes all that waits as one append, so that many writers share one fdatasync. */
  async #writeBatch(): Promise<void> {
    const after = new Map(this.#entries)
    const taken = this.#takeFitting(after)
    if (taken.length === 0) return
    const lines = taken.map((each) => each.line)
    try {
      await this.#parts.store.append(lines, after)
    } catch (cause) {
      for (const { ask } of taken) ask.fail(notKept(cause))
      return
    }
    this.#entries = after
    for (const { ask, line } of taken) {
      ask.done({ key: line.k, version: line.v, value: line.d })
      this.#tellAll(line)
    }
  }

  /** Of what waits, in order, what fits the versions as they then are; the rest is refused. */
  #takeFitting(after: Map<string, Entry>): { ask: Ask; line: Line }[] {
    const taken: { ask: Ask; line: Line }[] = []
    for (const ask of this.#asks.splice(0)) {
      if ((after.get(ask.line.k)?.version ?? 0) !== ask.expected) {
        ask.fail(conflict(ask.line.k))
        continue
      }
      const line = { ...ask.line, v: ++this.#counter }
      apply(after, line)
      taken.push({ ask, line })
    }
    return taken
  }

  #tellAll(line: Line): void {
    const change = { key: line.k, version: line.v, value: copy(line.d), gone: line.gone === true }
    // Apart from the writer, so that a watcher that throws cannot hold up the ledger.
    for (const watcher of this.#watchers)
      if (line.k.startsWith(watcher.prefix)) queueMicrotask(() => watcher.tell(change))
  }
}

/** Nobody outside can alter what the ledger holds. */
function copy<T>(value: T): T {
  return structuredClone(value)
}

function conflict(key: string): AppError {
  return new AppError('conflict', {
    say: 'Somebody else changed this at the same time. Try again.',
    log: { key },
  })
}

function notKept(cause: unknown): AppError {
  return new AppError('unavailable', { say: 'This could not be written down just now. Try again.', cause })
}
