// What people do to repls: make, see, rename, start, stop, delete, enter. Changes what is wanted; reconciling does the rest.
import { randomBytes } from 'node:crypto'
import { type Action, type Role, can, neededToStart } from '../protocol/access.ts'
import { AppError } from '../protocol/errors.ts'
import { ReplId, newReplId } from '../protocol/ids.ts'
import { limits } from '../protocol/limits.ts'
import type { CreateRepl, Doors, Person, Repl } from '../protocol/repl.ts'
import type { z } from 'zod'
import type { People } from './access/people.ts'
import { changeWords } from './access/members.ts'
import type { Tokens } from './access/tokens.ts'
import type { Clock } from './clock.ts'
import { shownOrphan } from './downloads.ts'
import type { Exposure } from './exposure/exposure.ts'
import type { Table } from './ledger/table.ts'
import { newRecord, type ReplRecord } from './record.ts'
import type { Templates } from './templates.ts'

export type ReplParts = {
  repls: Table<ReplRecord>
  people: People
  templates: Templates
  tokens: Tokens
  exposure: Exposure
  clock: Clock
  /** Told after each change of what is wanted. */
  nudge: (repl: string) => void
}

export type Watcher = { changed: (repl: Repl) => void; gone: () => void }

type Wish = {
  id: string
  needs: (record: ReplRecord) => Action
  to: (record: ReplRecord) => ReplRecord
}

export class Repls {
  readonly #parts: ReplParts

  constructor(parts: ReplParts) {
    this.#parts = parts
  }

  async #shown(record: ReplRecord, role: Role): Promise<Repl> {
    const owner = await this.#parts.people.find(record.owner)
    const { id, name, template, phase, desired, generation, level, createdAt, changedAt, committedAt } =
      record
    const reason = record.reason?.slice(0, 500) ?? null
    const when = { createdAt, changedAt, committedAt }
    return {
      id,
      name,
      template,
      role,
      ownerName: owner.name,
      phase,
      desired,
      generation,
      reason,
      level,
      ...when,
      ...(record.orphans.length === 0 ? {} : { orphans: record.orphans.map(shownOrphan) }),
      ...shownTrouble(record),
      ...(phase === 'DELETED' && record.deadline !== null ? { goneAt: record.deadline } : {}),
    }
  }

  async #allowed(who: Person, id: string, action: Action): Promise<{ record: ReplRecord; role: Role }> {
    const row = ReplId.safeParse(id).success ? await this.#parts.repls.get(id) : null
    if (row === null) throw noRepl()
    return { record: row.value, role: roleFor(row.value, who, action) }
  }

  /** Asked of the record that is changed: what was allowed a moment ago may need more now, or the role be another. */
  async #change(who: Person, { id, needs, to }: Wish): Promise<Repl> {
    if (!ReplId.safeParse(id).success) throw noRepl()
    const row = await this.#parts.repls.change(id, (record) => {
      roleFor(record, who, needs(record))
      return to(record)
    })
    if (row === null) throw noRepl()
    this.#parts.nudge(id)
    return this.#shown(row.value, roleFor(row.value, who, 'repl.open'))
  }

  /** A deleted one is there for its owner alone, who may bring it back. */
  async list(who: Person): Promise<Repl[]> {
    const found: Repl[] = []
    for (const { value } of await this.#parts.repls.list()) {
      const role = value.members[who.id]
      if (role !== undefined && (value.phase !== 'DELETED' || role === 'owner'))
        found.push(await this.#shown(value, role))
    }
    return found
  }

  async create(who: Person, wish: z.infer<typeof CreateRepl>): Promise<Repl> {
    const { repls, templates, clock } = this.#parts
    if (!who.admin) throw new AppError('forbidden', { say: 'Guests cannot make REPLs here. Ask the owner.' })
    await templates.find(wish.template)
    const own = (await repls.list()).filter(
      (row) => row.value.owner === who.id && row.value.phase !== 'DELETED',
    )
    if (own.length >= limits.replsPerPerson)
      throw new AppError('too-many', {
        say: `You already have ${own.length} REPLs. Delete one to make another.`,
      })
    const id = newReplId(randomBytes)
    const row = await repls.create(id, newRecord({ id, ...wish, owner: who.id, now: clock.now() }))
    return this.#shown(row.value, 'owner')
  }

  async get(who: Person, id: string): Promise<Repl> {
    const { record, role } = await this.#allowed(who, id, 'repl.open')
    return this.#shown(record, role)
  }

  rename(who: Person, id: string, name: string): Promise<Repl> {
    const changedAt = this.#parts.clock.now()
    const to = (record: ReplRecord): ReplRecord => ({ ...record, name, changedAt })
    return this.#change(who, { id, needs: () => 'repl.rename', to })
  }

  /** Also takes back a deletion that is not final yet, for who may delete. */
  start(who: Person, id: string): Promise<Repl> {
    const to = (record: ReplRecord): ReplRecord => ({ ...record, desired: 'running', asks: record.asks + 1 })
    return this.#change(who, { id, needs: neededToStart, to })
  }

  stop(who: Person, id: string): Promise<Repl> {
    return this.#change(who, { id, needs: () => 'repl.stop', to: askedToStop })
  }

  remove(who: Person, id: string): Promise<Repl> {
    const to = (record: ReplRecord): ReplRecord => ({ ...record, desired: 'deleted' })
    return this.#change(who, { id, needs: () => 'repl.delete', to })
  }

  /** Takes a deletion back and starts nothing: a tombstone becomes a stopped repl again. */
  undelete(who: Person, id: string): Promise<Repl> {
    const to = (record: ReplRecord): ReplRecord =>
      record.desired === 'deleted' ? { ...record, desired: 'stopped' } : record
    return this.#change(who, { id, needs: () => 'repl.delete', to })
  }

  async doors(who: Person, id: string): Promise<Doors> {
    const { record, role } = await this.#allowed(who, id, 'repl.open')
    const { generation, level, runnerKey } = record
    const isUp = record.phase === 'RUNNING' || record.phase === 'DEGRADED'
    if (!isUp || level === null || runnerKey === null)
      throw new AppError('not-running', { say: 'This REPL is not running. Start it first.' })
    const { token, expiresAt } = await this.#parts.tokens.door({
      repl: id,
      generation,
      person: who,
      role,
      ver: record.access,
    })
    const at = this.#parts.exposure.doors(id)
    return { repl: id, generation, ...at, runnerKey, level, token, role, expiresAt, person: who }
  }

  /** Throws unless this person may; gives the record. */
  async check(who: Person, id: string, action: Action): Promise<ReplRecord> {
    return (await this.#allowed(who, id, action)).record
  }

  /** For somebody who holds an invite and may have no role yet. */
  async known(id: string): Promise<ReplRecord> {
    const row = await this.#parts.repls.get(id)
    if (row === null || row.value.phase === 'DELETED') throw noRepl()
    return row.value
  }

  /** Tells of each change as `who` sees it, while they have a role here, and when they have none any more. */
  watch(who: Person, id: string, told: Watcher): () => void {
    return this.#parts.repls.watch((changed, record) => {
      if (changed !== id) return
      const role = record?.members[who.id]
      if (record === null || role === undefined) return told.gone()
      void this.#shown(record, role).then(told.changed, () => undefined)
    })
  }
}

/** Throws unless this person may do it. To somebody without a role the repl does not exist. */
function roleFor(record: ReplRecord, who: Person, action: Action): Role {
  const role = record.members[who.id]
  if (record.phase === 'DELETED' && role !== 'owner') throw noRepl()
  if (role === undefined) throw record.changes[who.id] === undefined ? noRepl() : removed(record, who)
  if (can(role, action)) return role
  const isGoing = record.desired === 'deleted' && action === 'repl.delete'
  throw new AppError('forbidden', {
    say: isGoing
      ? 'This REPL is being deleted. Only its owner can bring it back.'
      : `Your role here is ${role}. Ask the owner for this.`,
    log: { action },
  })
}

/** Only of the session that runs: what an earlier one could not back up was said by its stop. */
function shownTrouble({ backupTrouble, generation, phase }: ReplRecord): Pick<Repl, 'backupTrouble'> {
  const isUp = phase === 'RUNNING' || phase === 'DEGRADED'
  if (!isUp || backupTrouble?.generation !== generation) return {}
  return { backupTrouble: { since: backupTrouble.since, say: backupTrouble.say } }
}

/** A stop never takes back a deletion. A flush that waits for its next try is tried at once. */
export function askedToStop(record: ReplRecord): ReplRecord {
  return {
    ...record,
    desired: record.desired === 'deleted' ? 'deleted' : 'stopped',
    deadline: record.phase === 'FLUSH_FAILED' ? null : record.deadline,
  }
}

/** Somebody who was in here may know that, and who ended it. */
function removed(record: ReplRecord, who: Person): AppError {
  return new AppError('forbidden', { say: changeWords(record, who.id) })
}

function noRepl(): AppError {
  return new AppError('not-found', { say: 'There is no such REPL, or you were not invited to it.' })
}
