// Routes of who is in a repl and how they get in: members, invites, accepting one, and what was noted of all that. Each shape is in protocol/repl.ts.
import { Router, type Request } from 'express'
import { AskAudit } from '../../protocol/audit.ts'
import { AcceptInvite, ChangeMember, CreateInvite, RemoveMember, type Person } from '../../protocol/repl.ts'
import { type Audit, inviteMark } from '../access/audit.ts'
import type { Invites } from '../access/invites.ts'
import { Joining } from '../access/joining.ts'
import type { Members } from '../access/members.ts'
import type { People } from '../access/people.ts'
import type { Repls } from '../repls.ts'
import { answering, maybePersonOf, personOf } from './door.ts'

export type MemberRoutes = { people: People; repls: Repls; invites: Invites; members: Members; audit: Audit }

const of = (req: Request, name: 'repl' | 'person' | 'code'): string => req.params[name] ?? ''

export function memberRoutes(parts: MemberRoutes): Router {
  const { people, repls, invites, members, audit } = parts
  const router = Router()
  const who = (req: Request): Promise<Person> => personOf(people, req)
  router.get(
    '/v1/repls/:repl/members',
    answering(async (req) => ({ members: await members.list(await who(req), of(req, 'repl')) })),
  )
  router.patch(
    '/v1/repls/:repl/members/:person',
    answering(async (req) => {
      const { role } = ChangeMember.parse(req.body)
      const wish = { person: of(req, 'person'), role }
      return { members: await members.setRole(await who(req), of(req, 'repl'), wish) }
    }),
  )
  router.delete(
    '/v1/repls/:repl/members/:person',
    answering(async (req) => {
      const [person, repl] = [await who(req), of(req, 'repl')]
      const { invites: alsoInvites } = RemoveMember.parse(req.body ?? {})
      const left = await members.remove(person, repl, of(req, 'person'))
      if (alsoInvites && (await repls.check(person, repl, 'invite.create')))
        for (const { code } of await invites.revokeAll(repl))
          await audit.note({ what: 'invite-revoked', who: person, repl, invite: inviteMark(code) })
      return { members: left }
    }),
  )
  router.get(
    '/v1/repls/:repl/audit',
    answering(async (req) => {
      const repl = of(req, 'repl')
      await repls.check(await who(req), repl, 'audit.read')
      return audit.read({ repl, ...AskAudit.parse(req.query) })
    }),
  )
  return router.use(inviteRoutes(parts))
}

function inviteRoutes({ people, repls, invites, members, audit }: MemberRoutes): Router {
  const router = Router()
  const joining = new Joining({ people, repls, invites, members, audit })
  const mayInvite = async (req: Request): Promise<{ person: Person; repl: string }> => {
    const person = await personOf(people, req)
    await repls.check(person, of(req, 'repl'), 'invite.create')
    return { person, repl: of(req, 'repl') }
  }
  router.get(
    '/v1/repls/:repl/invites',
    answering(async (req) => ({ invites: await invites.list((await mayInvite(req)).repl) })),
  )
  router.post(
    '/v1/repls/:repl/invites',
    answering(async (req) => {
      const { person, repl } = await mayInvite(req)
      const wish = CreateInvite.parse(req.body)
      const invite = await invites.make({ repl, by: person, ...wish })
      const { role, most } = wish
      await audit.note({
        what: 'invite-made',
        who: person,
        repl,
        invite: inviteMark(invite.code),
        role,
        most,
      })
      return { invite }
    }),
  )
  router.delete(
    '/v1/repls/:repl/invites/:code',
    answering(async (req) => {
      const { person, repl } = await mayInvite(req)
      const invite = await invites.revoke(repl, of(req, 'code'))
      await audit.note({ what: 'invite-revoked', who: person, repl, invite: inviteMark(invite.code) })
      return { invite }
    }),
  )
  router.get(
    '/v1/invites/:code',
    answering(async (req) => {
      const { repl, role, madeBy, expiresAt } = await invites.find(of(req, 'code'))
      return { invite: { replName: (await repls.known(repl)).name, role, invitedBy: madeBy, expiresAt } }
    }),
  )
  router.post(
    '/v1/invites/:code/accept',
    answering(async (req) => {
      const { name } = AcceptInvite.parse(req.body)
      const known = await maybePersonOf(people, req)
      return joining.accept({ code: of(req, 'code'), known, name })
    }),
  )
  return router
}
