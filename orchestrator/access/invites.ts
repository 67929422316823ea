// Invites: links that grant a role in one repl, for a time and a number of uses, until they are taken back. Who may make one
// is asked at the API.
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Role } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { Code, PersonId, newCode } from '../../protocol/ids.ts'
import { Invite, inviteHours, type Person } from '../../protocol/repl.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { table } from '../ledger/table.ts'

const hourMs = 3600 * 1000
/** An invite can be used for this long when nothing else is said. */
export const inviteMs = inviteHours.usual * hourMs
/** One that is over is shown to the owner for this long. */
const shownMs = 24 * hourMs

/** Records of before uses were counted have none of the last three. */
const InviteRecord = Invite.extend({
  by: PersonId,
  madeBy: z.string().default('The owner'),
  uses: z.number().default(0),
  most: z.number().nullable().default(null),
  revokedAt: z.number().nullable().default(null),
})
export type InviteRecord = z.infer<typeof InviteRecord>

export type NewInvite = { repl: string; role: Invite['role']; by: Person; hours: number; most: number | null }
export type Invites = ReturnType<typeof invitesOver>

export function invitesOver(ledger: Ledger, now: () => number) {
  const invites = table(ledger, 'invites/', InviteRecord)
  const ofRepl = async (repl: string) => (await invites.list()).filter((row) => row.value.repl === repl)

  /** Takes back; one that was already stays as it is. */
  async function revoke(repl: string, code: string): Promise<Invite> {
    const row = Code.safeParse(code).success ? await invites.get(code) : null
    if (row === null || row.value.repl !== repl) throw unknown()
    const changed = await invites.change(code, (invite) => ({
      ...invite,
      revokedAt: invite.revokedAt ?? now(),
    }))
    if (changed === null) throw unknown()
    return shown(changed.value)
  }

  return {
    async make({ repl, role, by, hours, most }: NewInvite): Promise<Invite> {
      const code = newCode(randomBytes)
      const times = { createdAt: now(), expiresAt: now() + hours * hourMs, revokedAt: null }
      const whose = { by: by.id, madeBy: by.name }
      const row = await invites.create(code, { code, repl, role, ...whose, ...times, uses: 0, most })
      return shown(row.value)
    },
    /** Throws in words when it is unknown, expired, used up or taken back. */
    async find(code: string): Promise<InviteRecord> {
      const row = Code.safeParse(code).success ? await invites.get(code) : null
      if (row === null) throw unknown()
      refuseWhenOver(row.value, now())
      return row.value
    },
    /** Counts one use; of two who take the last one at the same instant one is refused. */
    async use(code: string): Promise<void> {
      const row = await invites.change(code, (invite) => {
        refuseWhenOver(invite, now())
        return { ...invite, uses: invite.uses + 1 }
      })
      if (row === null) throw unknown()
    },
    /** Newest first, without those that are long over. */
    async list(repl: string): Promise<Invite[]> {
      const since = now() - shownMs
      return (await ofRepl(repl))
        .map((row) => row.value)
        .filter(({ expiresAt, revokedAt }) => Math.min(expiresAt, revokedAt ?? Infinity) > since)
        .toSorted((a, b) => b.createdAt - a.createdAt)
        .map(shown)
    },
    revoke,
    /** Takes back all that could still be used. */
    async revokeAll(repl: string): Promise<Invite[]> {
      const open = (await ofRepl(repl)).filter(({ value }) => whyOver(value, now()) === null)
      return Promise.all(open.map((row) => revoke(repl, row.value.code)))
    },
    async forgetRepl(repl: string): Promise<void> {
      for (const row of await ofRepl(repl)) await invites.remove(row)
    },
  }
}

const ranks: Record<Role, number> = { viewer: 0, editor: 1, owner: 2 }

/** What somebody with `held` has after accepting `granted`: an invite never takes a role away. */
export function roleAfter(held: Role | undefined, granted: Role): Role {
  return held !== undefined && ranks[held] >= ranks[granted] ? held : granted
}

/** Without the id of who made it: that is ours. */
function shown(record: InviteRecord): Invite {
  const { by: _, ...invite } = record
  return invite
}

/** Why an invite lets nobody in any more, in words, or null. */
function whyOver(invite: InviteRecord, now: number): string | null {
  const { madeBy, revokedAt, expiresAt, most, uses } = invite
  if (revokedAt !== null) return `${madeBy} took this invite back.`
  if (now >= expiresAt) return 'This invite has expired.'
  if (most !== null && uses >= most)
    return most === 1
      ? 'This invite has been used: it let one person in.'
      : `This invite has been used ${most} times, as often as it may.`
  return null
}

function refuseWhenOver(invite: InviteRecord, now: number): void {
  const why = whyOver(invite, now)
  if (why !== null) throw new AppError('link-used', { say: `${why} Ask ${invite.madeBy} for a new one.` })
}

function unknown(): AppError {
  return new AppError('not-found', { say: 'This invite does not exist. Ask for a new link.' })
}
