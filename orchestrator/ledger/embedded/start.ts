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
  const watchers = new Set<{ prefix: string; tell: (change: Change) => void }>()
  let entries = parts.entries
  let counter = parts.counter
  let asks: Ask[] = []
  let writing: Promise<void> | null = null
  let isClosed = false

  /** Writes all that waits as one append, so that many writers share one fdatasync. */
  async function writeBatch(): Promise<void> {
    const batch = asks
    asks = []
    const after = new Map(entries)
    const taken: { ask: Ask; line: Line }[] = []
    for (const ask of batch) {
      if ((after.get(ask.line.k)?.version ?? 0) !== ask.expected) {
        ask.fail(conflict(ask.line.k))
        continue
      }
      const line = { ...ask.line, v: ++counter }
      apply(after, line)
      taken.push({ ask, line })
    }
    if (taken.length === 0) return
    try {
      await parts.store.append(
        taken.map((each) => each.line),
        after,
      )
    } catch (cause) {
      for (const { ask } of taken) ask.fail(notKept(cause))
      return
    }
    entries = after
    for (const { ask, line } of taken) {
      ask.done({ key: line.k, version: line.v, value: line.d })
      tellAll(line)
    }
  }

  function tellAll(line: Line): void {
    const change = { key: line.k, version: line.v, value: copy(line.d), gone: line.gone === true }
    // Apart from the writer, so that a watcher that throws cannot hold up the ledger.
    for (const watcher of watchers)
      if (line.k.startsWith(watcher.prefix)) queueMicrotask(() => watcher.tell(change))
  }

  async function writeAll(): Promise<void> {
    while (asks.length > 0) await writeBatch()
    writing = null
  }

  function ask(line: Omit<Line, 'v'>, expected: number): Promise<Entry> {
    if (isClosed) return Promise.reject(notKept('closed'))
    return new Promise((done, fail) => {
      asks.push({ line, expected, done, fail })
      writing ??= Promise.resolve().then(writeAll)
    })
  }

  return {
    get: (key) => Promise.resolve(copy(entries.get(key) ?? null)),
    compareAndSet: (key, expected, value) => ask({ k: key, d: copy(value) }, expected),
    list: (prefix) =>
      Promise.resolve(
        [...entries.values()]
          .filter((entry) => entry.key.startsWith(prefix))
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .map(copy),
      ),
    async delete(key, expected) {
      await ask({ k: key, gone: true }, expected)
    },
    watch(prefix, tell) {
      const watcher = { prefix, tell }
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    async close() {
      isClosed = true
      await writing
      await parts.store.close()
      await parts.release()
    },
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
