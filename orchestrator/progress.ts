// What happened at the start and stop of each repl: events kept in the ledger, told as they come. Invents nothing.
import type { Ledger } from './ledger/ledger.ts'
import { ProgressEvent } from '../protocol/repl.ts'
import { table, type Table } from './ledger/table.ts'

/** Events kept of one repl: about a dozen starts and stops. */
const keptEvents = 200
/** Digits of an id within a key, so that keys sort as numbers do. */
const idDigits = 12

export type NewEvent = Omit<ProgressEvent, 'id'>

export type Progress = {
  tell(repl: string, event: NewEvent): Promise<void>
  /** Events after `after`, oldest first. */
  since(repl: string, after: number): Promise<ProgressEvent[]>
  watch(repl: string, tell: (event: ProgressEvent) => void): () => void
  forget(repl: string): Promise<void>
}

export function progressOver(ledger: Ledger): Progress {
  const of = (repl: string): Table<ProgressEvent> => table(ledger, `progress/${repl}/`, ProgressEvent)
  /** Events of one repl are written one after the other. */
  const turns = new Map<string, Promise<void>>()

  async function append(repl: string, event: NewEvent): Promise<void> {
    const rows = await of(repl).list()
    const id = (rows.at(-1)?.value.id ?? 0) + 1
    await of(repl).create(String(id).padStart(idDigits, '0'), { ...event, id })
    for (const old of rows.slice(0, Math.max(0, rows.length + 1 - keptEvents))) await of(repl).remove(old)
  }

  return {
    tell(repl, event) {
      const turn = (turns.get(repl) ?? Promise.resolve())
        .catch(() => undefined)
        .then(() => append(repl, event))
      turns.set(repl, turn)
      return turn
    },
    since: async (repl, after) =>
      (await of(repl).list()).map((row) => row.value).filter((event) => event.id > after),
    watch: (repl, tell) =>
      of(repl).watch((_, event) => {
        if (event !== null) tell(event)
      }),
    async forget(repl) {
      for (const row of await of(repl).list()) await of(repl).remove(row)
      turns.delete(repl)
    },
  }
}
