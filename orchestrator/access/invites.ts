// Invites: links that grant a role in one repl, and nothing else. Who may make one is asked at the API.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Role } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { Code, PersonId, newCode } from '../../protocol/ids.ts'
import { Invite } from '../../protocol/repl.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { table } from '../ledger/table.ts'

/** An invite can be used, by several people, for this long. */
export const inviteMs = 7 * 24 * 3600 * 1000

const InviteRecord = Invite.extend({ by: PersonId })
export type InviteRecord = z.infer<typeof InviteRecord>

export type Invites = ReturnType<typeof invitesOver>

export function invitesOver(ledger: Ledger, now: () => number) {
  const invites = table(ledger, 'invites/', InviteRecord)
  return {
    async make(invite: { repl: string; role: Invite['role']; by: string }): Promise<Invite> {
      const code = newCode(randomBytes)
      const times = { createdAt: now(), expiresAt: now() + inviteMs }
      const { by: _, ...shown } = (await invites.create(code, { code, ...invite, ...times })).value
      return shown
    },
    /** Throws `not-found` in words when it is unknown or expired. */
    async find(code: string): Promise<InviteRecord> {
      const row = Code.safeParse(code).success ? await invites.get(code) : null
      if (row === null || now() >= row.value.expiresAt) throw gone()
      return row.value
    },
    async forgetRepl(repl: string): Promise<void> {
      for (const row of await invites.list()) if (row.value.repl === repl) await invites.remove(row)
    },
  }
}

const ranks: Record<Role, number> = { viewer: 0, editor: 1, owner: 2 }

/** What somebody with `held` has after accepting `granted`: an invite never takes a role away. */
export function roleAfter(held: Role | undefined, granted: Role): Role {
  return held !== undefined && ranks[held] >= ranks[granted] ? held : granted
}

function gone(): AppError {
  return new AppError('not-found', { say: 'This invite is not valid any more. Ask for a new one.' })
}
