// Tells every door of changed roles as soon as they are written: the runner of the repl by its control door, until it has
// heard; the relays by the stream that they listen to. Decides nothing.
import type { Logger } from 'pino'
import type { AccessChange } from '../../protocol/access.ts'
import { asAppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import { type Clock, wait } from '../clock.ts'
import type { Table } from '../ledger/table.ts'
import type { ReplRecord } from '../record.ts'
import type { RunnerControl } from '../runner-control.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { changesOf } from './members.ts'

/** Milliseconds before a runner that did not hear is told again, doubled up to the second figure. */
const againMs = { first: 100, longest: 5_000 }
/** Milliseconds since a change after which no token is older than it: tokens end by themselves, whatever the skew. */
export const changeMs = 2 * (limits.tokenSeconds + 2 * limits.tokenSkewSeconds) * 1000

/** Changes in one question: a class that is emptied at once must fit a control door's body. */
const atOnce = 50

export type TellerParts = {
  repls: Table<ReplRecord>
  control: Pick<RunnerControl, 'access'>
  sandbox: Pick<Sandbox, 'door'>
  clock: Clock
  log: Logger
}

export class Teller {
  readonly #parts: TellerParts
  readonly #listeners = new Set<(change: AccessChange) => void>()
  /** Versions that have been told to who listens, by repl. */
  readonly #told = new Map<string, number>()
  /** Runners being told, and whether there is more by now. */
  readonly #telling = new Map<string, { again: boolean }>()
  readonly #endWatch: () => void
  #isClosed = false

  constructor(parts: TellerParts) {
    this.#parts = parts
    this.#endWatch = parts.repls.watch((repl, record) => this.#look(repl, record))
  }

  /** An orchestrator that died may have written a change and told nobody. */
  async begin(): Promise<void> {
    for (const { id, value } of await this.#parts.repls.list()) {
      this.#told.set(id, value.access)
      if (value.access > 0) this.#tellRunner(id)
    }
  }

  /** Every change that a token of today may be older than. */
  async recent(): Promise<AccessChange[]> {
    const at = this.#parts.clock.now() - changeMs
    return (await this.#parts.repls.list()).flatMap(({ value }) => changesOf(value, { at }))
  }

  listen(tell: (change: AccessChange) => void): () => void {
    this.#listeners.add(tell)
    return () => this.#listeners.delete(tell)
  }

  close(): void {
    this.#isClosed = true
    this.#endWatch()
  }

  #look(repl: string, record: ReplRecord | null): void {
    if (record === null) return void this.#told.delete(repl)
    const after = this.#told.get(repl) ?? 0
    if (record.access <= after) return
    this.#told.set(repl, record.access)
    for (const change of changesOf(record, { after })) for (const tell of this.#listeners) tell(change)
    this.#tellRunner(repl)
  }

  #tellRunner(repl: string): void {
    const present = this.#telling.get(repl)
    if (present !== undefined) return void (present.again = true)
    const work = { again: false }
    this.#telling.set(repl, work)
    void this.#untilHeard(repl, work).finally(() => this.#telling.delete(repl))
  }

  /** A runner that starts meanwhile has it all in its launch. */
  async #untilHeard(repl: string, work: { again: boolean }): Promise<void> {
    let tries = 0
    do {
      work.again = false
      const record = (await this.#parts.repls.get(repl))?.value
      if (record === undefined || record.runnerKey === null || !record.unflushed) return
      if (await this.#hears(record)) continue
      work.again = true
      await wait(this.#parts.clock, Math.min(againMs.longest, againMs.first * 2 ** tries))
      tries += 1
    } while (work.again && !this.#isClosed)
  }

  async #hears(record: ReplRecord): Promise<boolean> {
    const session = { repl: record.id, generation: record.generation }
    const changes = changesOf(record, { at: this.#parts.clock.now() - changeMs })
    try {
      for (let from = 0; from < changes.length; from += atOnce)
        await this.#parts.control.access(
          session,
          this.#parts.sandbox.door(record.id),
          changes.slice(from, from + atOnce),
        )
      return true
    } catch (thrown) {
      const { code } = asAppError(thrown)
      this.#parts.log.warn({ repl: record.id, code }, 'a runner could not be told of changed roles')
      // A runner of before this door: its tokens end by themselves.
      return code === 'not-found'
    }
  }
}
