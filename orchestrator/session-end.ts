// Ending all sessions of this machine when it is switched off: in order, with a line each, or by force. Starts nothing.
import { setTimeout as wait } from 'node:timers/promises'
import type { Phase } from '../protocol/repl.ts'
import { askedToStop } from './repls.ts'
import type { Table } from './ledger/table.ts'
import type { ReplRecord } from './record.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

/** A start that was under way brings processes up meanwhile, and goes on until they end: looked for again after these milliseconds. */
const againMs = 50

export type SessionEnd = {
  /** Asks every session to stop and resolves when all have: each backed up and released. `tell` hears how each gets on. */
  stopAll(tell: (line: string) => void): Promise<void>
  /** Ends every process now. What was not backed up stays on the disk; gives the names of those repls. */
  endAll(): Promise<string[]>
}

export type EndParts = {
  repls: Table<ReplRecord>
  sandbox: Sandbox
  nudge: (repl: string) => void
  /** Nothing that ends by force is to be started again; resolves when nothing is being started any more. */
  halt: () => Promise<void>
}

export function sessionEnd(parts: EndParts): SessionEnd {
  const open = async () => (await parts.repls.list()).map((row) => row.value).filter(isOpen)

  const endEach = async () => {
    const records = await open()
    await Promise.all(records.map((record) => parts.sandbox.end(record.id)))
    return records
  }

  return {
    async stopAll(tell) {
      let isSettled = () => {}
      const settled = new Promise<void>((done) => (isSettled = done))
      const waiting = new Set((await open()).map((record) => record.id))
      const told = new Map<string, string>()
      const endWatch = parts.repls.watch((id, record) => {
        if (record === null || !waiting.has(id)) return
        const line = lineOf(record)
        if (line !== null && told.get(id) !== line) tell(line)
        if (line !== null) told.set(id, line)
        if (!isOpen(record)) waiting.delete(id)
        if (waiting.size === 0) isSettled()
      })
      try {
        for (const id of waiting) {
          await parts.repls.change(id, askedToStop)
          parts.nudge(id)
        }
        if (waiting.size > 0) await settled
      } finally {
        endWatch()
      }
    },

    async endAll() {
      const quiet = parts.halt().then(() => true)
      do await endEach()
      while (!(await Promise.race([quiet, wait(againMs, false)])))
      return (await endEach()).filter((record) => record.unflushed).map((record) => record.name)
    },
  }
}

/** True while a sandbox may exist. */
function isOpen(record: ReplRecord): boolean {
  const atRest: Phase[] = ['CREATED', 'STOPPED', 'DELETING', 'DELETED']
  if (record.phase === 'START_FAILED') return record.unflushed
  return !atRest.includes(record.phase)
}

function lineOf(record: ReplRecord): string | null {
  switch (record.phase) {
    case 'QUIESCING':
      return `${record.name}: asking programs to end`
    case 'FLUSHING':
      return `${record.name}: saving the files`
    case 'VERIFYING':
      return `${record.name}: checking the backup`
    case 'FLUSH_FAILED':
      return `${record.name}: could not be backed up (${record.reason ?? 'unknown reason'}). Trying again.`
    case 'STOPPED':
      return `${record.name}: stopped`
    default:
      return null
  }
}
