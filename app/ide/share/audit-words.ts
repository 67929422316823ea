// What happened in a repl as sentences, and what of it is worth a line. Pure.
import type { Role } from '../../../protocol/access.ts'
import type { AuditEntry, AuditPage } from '../../../protocol/audit.ts'
import type { Visibility } from '../../../protocol/preview.ts'

const as: Record<Role, string> = { owner: 'the owner', editor: 'an editor', viewer: 'a viewer' }
const sees: Record<Visibility, string> = {
  owner: 'only the owner sees it',
  members: 'members see it',
  public: 'everybody with its address sees it',
}

/** One sentence without its full stop; the reader, `me`, is "You". */
export function auditWords(entry: AuditEntry, me: string): string {
  const name = ({ id, name: called }: AuditEntry['who'], first = false): string =>
    id === me ? (first ? 'You' : 'you') : called
  const who = name(entry.who, true)
  switch (entry.what) {
    case 'invite-made':
      return `${who} made a link for ${as[entry.role]}${uses(entry.most)}`
    case 'invite-revoked':
      return `${who} took an invite link back`
    case 'invite-used':
      return `${who} opened an invite link`
    case 'member-joined':
      return `${who} joined as ${as[entry.role]}`
    case 'role-changed':
      return entry.member.id === entry.who.id
        ? `${who} became ${as[entry.to]} by an invite link`
        : `${who} made ${name(entry.member)} ${as[entry.to]}`
    case 'member-removed':
      return entry.member.id === entry.who.id ? `${who} left` : `${who} removed ${name(entry.member)}`
    case 'preview-shown':
      return `${who} changed who sees port ${entry.port}: ${sees[entry.to]}`
  }
}

const uses = (most: number | null): string =>
  most === null ? '' : most === 1 ? ', good for one person' : `, good for ${most} people`

/**
 * Who joined or rose by a link has opened it: that line alone is left out, whoever came in between. Newest first, as the server
 * gives them.
 */
export function worthALine(entries: readonly AuditEntry[]): AuditEntry[] {
  const didNext = new Map<string, AuditEntry>()
  return entries.filter((entry) => {
    const next = didNext.get(entry.who.id)
    didNext.set(entry.who.id, entry)
    if (entry.what !== 'invite-used' || next === undefined) return true
    return !(
      next.what === 'member-joined' ||
      (next.what === 'role-changed' && next.member.id === next.who.id)
    )
  })
}

/**
 * What is new before what was there. When the two do not meet, lines in between are missing, and only the new is shown. A newest
 * page without a line, and with more before it, is as much of the log as is read at once: what was read before follows on.
 */
export function joined(newest: AuditPage, known: AuditPage | null): AuditPage {
  if (known === null) return newest
  const last = newest.entries.at(-1)
  if (last === undefined) return newest.earlier === null ? newest : known
  if (!known.entries.some(({ id }) => id >= last.id)) return newest
  const older = known.entries.filter(({ id }) => id < last.id)
  return { entries: [...newest.entries, ...older], earlier: furthest(newest.earlier, known.earlier) }
}

const furthest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : Math.min(one, other)
