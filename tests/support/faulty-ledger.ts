// A ledger in memory whose store can be told to fail: the same promises, and a way to break the disk beneath them.
import { ledgerOver } from '../../orchestrator/ledger/embedded/start.ts'
import type { Entry, Ledger } from '../../orchestrator/ledger/ledger.ts'

export type FaultyLedger = {
  ledger: Ledger
  /** The next `times` writes fail. */
  failWrites(times: number): void
  reopen(): Promise<Ledger>
}

export function faultyLedger(): FaultyLedger {
  let durable = new Map<string, Entry>()
  let counter = 0
  let failures = 0
  const open = () =>
    ledgerOver({
      entries: new Map(durable),
      counter,
      release: () => Promise.resolve(),
      store: {
        append(lines, after) {
          if (failures > 0) {
            failures--
            return Promise.reject(new Error('the disk is full'))
          }
          durable = new Map(structuredClone([...after]))
          counter = lines.at(-1)?.v ?? counter
          return Promise.resolve()
        },
        close: () => Promise.resolve(),
      },
    })
  let ledger = open()
  return {
    get ledger() {
      return ledger
    },
    failWrites(times) {
      failures = times
    },
    async reopen() {
      await ledger.close()
      ledger = open()
      return ledger
    },
  }
}
