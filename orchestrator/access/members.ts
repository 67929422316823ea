// Who is in a repl and as what: the list its owner sees, changed roles, people who are removed or leave, and those who come
// by an invite. What a role may do is protocol/access.ts; who hears of a change is teller.ts.
import type { AccessChange, Role } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { nameLook } from '../../protocol/ids.ts'
import type { Member, Person } from '../../protocol/repl.ts'
import type { Table } from '../ledger/table.ts'
import type { ReplRecord } from '../record.ts'
import type { Audit } from './audit.ts'
import { roleAfter } from './invites.ts'
import type { People } from './people.ts'

export type MemberParts = {
  repls: Table<ReplRecord>
  people: Pick<People, 'find'>
  audit: Audit
  now: () => number
  /** Throws unless this person may change members here; gives the record. */
  check: (who: Person, repl: string, action: 'member.change' | 'repl.open') => Promise<ReplRecord>
}

type Change = { person: string; role: Role | null; by: Person }

export class Members {
  readonly #parts: MemberParts

  constructor(parts: MemberParts) {
    this.#parts = parts
  }

  async list(who: Person, repl: string): Promise<Member[]> {
    return this.#shown(await this.#parts.check(who, repl, 'member.change'))
  }

  async setRole(who: Person, repl: string, wish: { person: string; role: Role }): Promise<Member[]> {
    await this.#parts.check(who, repl, 'member.change')
    const { before, after } = await this.#change(repl, { ...wish, by: who })
    const from = before.members[wish.person]
    if (from !== undefined && from !== wish.role) {
      const member = await this.#parts.people.find(wish.person)
      await this.#parts.audit.note({ what: 'role-changed', who, repl, member, from, to: wish.role })
    }
    return this.#shown(after)
  }

  /** An owner removes anybody but an owner; everybody else removes themselves. */
  async remove(who: Person, repl: string, person: string): Promise<Member[]> {
    await this.#parts.check(who, repl, who.id === person ? 'repl.open' : 'member.change')
    const { before, after } = await this.#change(repl, { person, role: null, by: who })
    const from = before.members[person]
    if (from !== undefined) {
      const member = await this.#parts.people.find(person)
      await this.#parts.audit.note({ what: 'member-removed', who, repl, member, from })
    }
    return who.id === person ? [] : this.#shown(after)
  }

  /** Gives somebody the role of an invite; a higher one that they hold already stays. */
  async admit(who: Person, repl: string, granted: Role): Promise<ReplRecord> {
    const { before, after } = await this.#replace(repl, (record) => {
      const held = record.members[who.id]
      const role = roleAfter(held, granted)
      const members = { ...record.members, [who.id]: role }
      if (held === undefined) return { ...record, members }
      return held === role ? record : withRole(record, { person: who.id, role, by: who }, this.#parts.now())
    })
    const [from, to] = [before.members[who.id], after.members[who.id] ?? granted]
    if (from === undefined) await this.#parts.audit.note({ what: 'member-joined', who, repl, role: to })
    else if (from !== to)
      await this.#parts.audit.note({ what: 'role-changed', who, repl, member: who, from, to })
    return after
  }

  /** An invite of before their removal does not bring somebody back; a later one does. */
  refuseWhoWasRemoved(record: ReplRecord, who: Person, invitedAt: number): void {
    const change = record.changes[who.id]
    if (record.members[who.id] !== undefined || change === undefined) return
    if (change.by === who.id || change.at < invitedAt) return
    throw new AppError('forbidden', { say: `${changeWords(record, who.id)} Ask them for a new invite.` })
  }

  /** Who comes in as a guest is nobody's double: looks are compared, not letters. */
  async refuseTakenName(record: ReplRecord, name: string, of?: Person): Promise<void> {
    const members = await this.#shown(record)
    const taken = members.find((member) => member.id !== of?.id && nameLook(member.name) === nameLook(name))
    if (taken === undefined) return
    throw new AppError('bad-input', {
      say: `Somebody in ${record.name} is called ${taken.name} already. Choose another name, for example with a surname.`,
    })
  }

  /** Somebody has one name in all their REPLs: a new one must be nobody's in any of them. */
  async refuseTakenNewName(who: Person, name: string): Promise<void> {
    for (const { value } of await this.#parts.repls.list())
      if (value.members[who.id] !== undefined && value.phase !== 'DELETED')
        await this.refuseTakenName(value, name, who)
  }

  #change(repl: string, change: Change): Promise<{ before: ReplRecord; after: ReplRecord }> {
    return this.#replace(repl, (record) => {
      const held = record.members[change.person]
      if (held === undefined)
        throw new AppError('not-found', { say: 'This person is not a member any more.' })
      if (held === 'owner') throw new AppError('forbidden', { say: 'The owner of a REPL stays its owner.' })
      return held === change.role ? record : withRole(record, change, this.#parts.now())
    })
  }

  async #replace(repl: string, to: (record: ReplRecord) => ReplRecord) {
    let before: ReplRecord | null = null
    const row = await this.#parts.repls.change(repl, (record) => {
      if (record.phase === 'DELETED') throw noRepl()
      before = record
      return to(record)
    })
    if (row === null || before === null) throw noRepl()
    return { before: before as ReplRecord, after: row.value }
  }

  async #shown(record: ReplRecord): Promise<Member[]> {
    const members: Member[] = []
    for (const [id, role] of Object.entries(record.members))
      members.push({ id, name: (await this.#parts.people.find(id)).name, role })
    const rank = (member: Member): number => (member.role === 'owner' ? 0 : 1)
    return members.toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
  }
}

/** The record after somebody's role changed, or went: tokens of before are worth nothing from then on. */
export function withRole(record: ReplRecord, { person, role, by }: Change, now: number): ReplRecord {
  const { [person]: _, ...others } = record.members
  const ver = record.access + 1
  return {
    ...record,
    members: role === null ? others : { ...others, [person]: role },
    access: ver,
    changes: { ...record.changes, [person]: { ver, by: by.id, byName: by.name, at: now } },
  }
}

const as: Record<Role, string> = { owner: 'the owner', editor: 'an editor', viewer: 'a viewer' }

/** What doors are told of a repl's changes since version `after`, oldest first. */
export function changesOf(record: ReplRecord, since: { after?: number; at?: number } = {}): AccessChange[] {
  const { after = 0, at = 0 } = since
  return Object.entries(record.changes)
    .filter(([, change]) => change.ver > after && change.at >= at)
    .toSorted(([, a], [, b]) => a.ver - b.ver)
    .map(([person, { ver }]) => {
      const role = record.members[person] ?? null
      return { repl: record.id, person, ver, role, say: changeWords(record, person) }
    })
}

/** The last change of somebody's role, in words for them. */
export function changeWords(record: ReplRecord, person: string): string {
  const change = record.changes[person]
  const role = record.members[person]
  const isOwn = change?.by === person
  const by = change?.byName ?? record.name
  if (role === undefined) return isOwn ? `You left ${record.name}.` : `${by} removed you from ${record.name}.`
  return isOwn
    ? `You are ${as[role]} of ${record.name} now.`
    : `${by} made you ${as[role]} of ${record.name}.`
}

function noRepl(): AppError {
  return new AppError('not-found', { say: 'There is no such REPL, or you were not invited to it.' })
}
