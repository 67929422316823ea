// The audit log: who signed in, was invited, came, got another role or went, and who may see what of a repl; one JSON line each, only ever added to.
import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Role } from '../../protocol/access.ts'
import type { AuditPage } from '../../protocol/audit.ts'
import type { Visibility } from '../../protocol/preview.ts'
import { appendLine } from '../disk.ts'
import { readAudit, type AuditWish } from './audit-reader.ts'

/** What is noted of each event. People by id and by name as it was then; never a code, a token, or what is in a file. */
export type AuditEvent =
  | { what: 'sign-in'; who: Who; by: 'owner-link' | 'invite' }
  | { what: 'invite-made'; who: Who; repl: string; invite: string; role: Role; most: number | null }
  | { what: 'invite-revoked' | 'invite-used'; who: Who; repl: string; invite: string }
  | { what: 'member-joined'; who: Who; repl: string; role: Role }
  | { what: 'role-changed'; who: Who; repl: string; member: Who; from: Role; to: Role }
  | { what: 'member-removed'; who: Who; repl: string; member: Who; from: Role }
  | { what: 'preview-shown'; who: Who; repl: string; port: number; from: Visibility; to: Visibility }

export type Who = { id: string; name: string }
export type Audit = {
  note(event: AuditEvent): Promise<void>
  /** What was noted of one repl, newest first. */
  read(wish: AuditWish): Promise<AuditPage>
}

/** What was done is done: a line that cannot be written is said in the log, and nobody's change is undone for it. */
export function auditIn(path: string, parts: { now: () => number; log: Logger }): Audit {
  let turn = Promise.resolve()
  return {
    note(event) {
      const { who, ...rest } = event
      const line = JSON.stringify({
        at: new Date(parts.now()).toISOString(),
        who: bare(who),
        ...bareMember(rest),
      })
      turn = turn
        .then(() => appendLine(path, line))
        .catch((fault: unknown) => {
          parts.log.error({ err: fault, what: event.what }, 'a line of the audit log could not be written')
        })
      return turn
    },
    read: (wish) => readAudit(path, wish),
  }
}

/** Names an invite without giving it away: its code is a key. */
export function inviteMark(code: string): string {
  return createHash('sha256').update(code).digest('hex').slice(0, 12)
}

const bare = ({ id, name }: Who): Who => ({ id, name })
const bareMember = <T extends object>(rest: T): T =>
  'member' in rest ? { ...rest, member: bare(rest.member as Who) } : rest
