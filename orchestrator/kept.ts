// What overtaken sessions left, brought into the running one when a person asks for it. How it is merged is the runner's.
import { keptBytes, type KeptWork } from '../protocol/control.ts'
import { AppError } from '../protocol/errors.ts'
import { concat, encodeFrame } from '../protocol/frames.ts'
import type { Person, TookKept } from '../protocol/repl.ts'
import type { Table } from './ledger/table.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { OrphanRecord, ReplRecord } from './record.ts'
import type { Repls } from './repls.ts'
import type { RunnerControl } from './runner-control.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

export type KeptParts = {
  repls: Table<ReplRecord>
  people: Pick<Repls, 'check'>
  sandbox: Sandbox
  runners: Pick<RunnerControl, 'kept'>
  store: ObjectStore
}

/** Merges it and then no longer lists it; what the store holds stays. Asked again after a failure it takes nothing twice. */
export async function takeKept(
  parts: KeptParts,
  who: Person,
  wish: { repl: string; orphan: string },
): Promise<TookKept> {
  await parts.people.check(who, wish.repl, 'file.write')
  const record = (await parts.repls.get(wish.repl))?.value
  const orphan = record?.orphans.find(({ id }) => id === wish.orphan)
  if (record === undefined || orphan === undefined)
    throw new AppError('not-found', { say: 'This work was brought in already, or was never kept.' })
  if (!isRunning(record))
    throw new AppError('not-running', { say: `${record.name} does not run. Start it first.` })
  const session = { repl: record.id, generation: record.generation }
  const frame = await frameOf(parts.store, orphan)
  const took = await parts.runners.kept(session, parts.sandbox.door(record.id), frame)
  // A session that begins to stop meanwhile may leave it out of its backup: then it is offered again.
  await parts.repls.change(record.id, (now) => {
    const isHere = isRunning(now) && now.generation === record.generation
    return isHere ? { ...now, orphans: now.orphans.filter(({ id }) => id !== orphan.id) } : now
  })
  return took
}

const isRunning = ({ phase }: ReplRecord): boolean => phase === 'RUNNING' || phase === 'DEGRADED'

async function frameOf(
  store: ObjectStore,
  { generation, logKey, filesKey }: OrphanRecord,
): Promise<Uint8Array> {
  const log = await wholeOf(store, logKey, keptBytes)
  const files = await wholeOf(store, filesKey, keptBytes - log.length)
  const header: KeptWork = { of: generation, log: log.length }
  return encodeFrame(header, concat(log, files))
}

async function wholeOf(store: ObjectStore, key: string | null, most: number): Promise<Uint8Array> {
  if (key === null) return new Uint8Array(0)
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of store.read(key)) {
    bytes += part.length
    if (bytes > most)
      throw new AppError('too-large', {
        say: 'This is too much to bring in at once. Download it as a zip instead.',
      })
    parts.push(part)
  }
  return concat(...parts)
}
