// What the share dialog asks of the app: members and invites, read and changed; what happened. Parses every answer; keeps nothing.
import { z } from 'zod'
import { AuditPage } from '../../../protocol/audit.ts'
import { AppError } from '../../../protocol/errors.ts'
import { Invite, Member } from '../../../protocol/repl.ts'
import { getFromApp, postToApp } from '../link/app-door.ts'

export type SharedRole = Invite['role']
export const InviteLink = Invite.extend({ url: z.string() })
export type InviteLink = z.infer<typeof InviteLink>
export type NewLink = { role: SharedRole; hours: number; most: number | null }

function parsed<T>(shape: z.ZodType<T>, answer: unknown): T {
  const found = shape.safeParse(answer)
  if (found.success) return found.data
  throw new AppError('internal', {
    say: 'The server gave an answer that this page cannot read. Reload the page.',
  })
}

const Members = z.object({ members: z.array(Member) })

export async function readMembers(repl: string): Promise<Member[]> {
  return parsed(Members, await getFromApp(repl, 'members')).members
}

export async function changeRole(repl: string, person: string, role: SharedRole): Promise<Member[]> {
  return parsed(Members, await postToApp(repl, 'members', { person, role })).members
}

/** `invites`: take back every link that still lets people in, too. */
export async function removeMember(repl: string, person: string, invites: boolean): Promise<Member[]> {
  return parsed(Members, await postToApp(repl, 'members', { person, remove: true, invites })).members
}

export async function readInvites(repl: string): Promise<InviteLink[]> {
  const answer = await getFromApp(repl, 'invites')
  return parsed(z.object({ invites: z.array(InviteLink) }), answer).invites
}

const Made = z.object({ invite: Invite, url: z.string() })

export async function makeInvite(repl: string, wish: NewLink): Promise<InviteLink> {
  const { invite, url } = parsed(Made, await postToApp(repl, 'invites', wish))
  return { ...invite, url }
}

export async function revokeInvite(repl: string, code: string): Promise<void> {
  parsed(Made, await postToApp(repl, 'invites', { revoke: code }))
}

/** What happened here, newest first; `before`: only what was noted earlier than that. */
export async function readAudit(repl: string, before?: number): Promise<AuditPage> {
  const query = before === undefined ? '' : `?before=${before}`
  return parsed(AuditPage, await getFromApp(repl, `audit${query}`))
}
