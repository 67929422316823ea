// What people may take with them as a zip: the workspace of a session that still has one, and what overtaken sessions left.
import { Readable } from 'node:stream'
import { AppError } from '../protocol/errors.ts'
import type { Orphan, Person, Phase } from '../protocol/repl.ts'
import type { Table } from './ledger/table.ts'
import type { ObjectStore } from './objects/object-store.ts'
import type { OrphanRecord, ReplRecord } from './record.ts'
import type { Repls } from './repls.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { SyncRequests } from './sync-requests.ts'
import { ZipPlaces } from './zip-places.ts'

export type DownloadParts = {
  repls: Table<ReplRecord>
  people: Pick<Repls, 'check'>
  sandbox: Sandbox
  sync: SyncRequests
  store: ObjectStore
}
type AskOrphan = { orphan: string; leaving: AbortSignal }
export type Download = { name: string; zip: Readable }

/** A sandbox holds a workspace in these. */
const held: Phase[] = ['RUNNING', 'DEGRADED', 'QUIESCING', 'FLUSHING', 'VERIFYING', 'FLUSH_FAILED']

export class Downloads {
  readonly #parts: DownloadParts
  readonly #places = new ZipPlaces()

  constructor(parts: DownloadParts) {
    this.#parts = parts
  }

  /** `leaving` is aborted when the asker has all of it, or has left. */
  async workspace(who: Person, id: string, leaving: AbortSignal): Promise<Download> {
    const record = await this.#readable(who, id)
    const isHeld = held.includes(record.phase) || (record.phase === 'START_FAILED' && record.unflushed)
    if (!isHeld) throw new AppError('not-running', { say: 'This REPL is not running. Start it first.' })
    this.#places.take({ person: who.id, repl: id }, leaving)
    const { workspace } = await this.#parts.sandbox.place(id)
    return { name: record.name, zip: await this.#parts.sync.zip(workspace, leaving) }
  }

  async orphans(who: Person, id: string): Promise<Orphan[]> {
    return (await this.#readable(who, id)).orphans.map(shownOrphan)
  }

  async orphan(who: Person, id: string, { orphan, leaving }: AskOrphan): Promise<Download> {
    const record = await this.#readable(who, id)
    const found = record.orphans.find((each) => each.id === orphan)
    if (found === undefined || found.filesKey === null)
      throw new AppError('not-found', { say: 'There are no files of this session.' })
    this.#places.take({ person: who.id, repl: id }, leaving)
    const zip = Readable.from(this.#parts.store.read(found.filesKey))
    return { name: `${record.name} (session ${found.generation})`, zip }
  }

  async #readable(who: Person, id: string): Promise<ReplRecord> {
    await this.#parts.people.check(who, id, 'file.read')
    const row = await this.#parts.repls.get(id)
    if (row === null) throw new AppError('not-found', { say: 'There is no such REPL.' })
    return row.value
  }
}

/** Without where it lies: that is ours. */
export function shownOrphan({ id, generation, at, files, bytes, say }: OrphanRecord): Orphan {
  return { id, generation, at, files, bytes, say }
}
