// GET: the invites of this repl with their links. POST: a new one, or one that is taken back.
import { z } from 'zod'
import { Code } from '../../protocol/ids.ts'
import { CreateInvite, type Invite } from '../../protocol/repl.ts'
import type { ActionFunctionArgs, LoaderFunctionArgs } from '../framework.server.ts'
import { json, readBody, type RouteArgs } from '../services/answer.server.ts'

const Wish = z.union([z.object({ revoke: Code }), CreateInvite])

/** The address to give away; pages never build one. */
const urlOf = (args: RouteArgs, invite: Invite): string =>
  `${args.context.config.origins[0]}/invite/${invite.code}`

export const loader = (args: LoaderFunctionArgs) =>
  json(args, async ({ api }) => {
    const invites = await api.invites(args.params['id'] ?? '')
    return { invites: invites.map((invite) => ({ ...invite, url: urlOf(args, invite) })) }
  })

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => {
    const id = args.params['id'] ?? ''
    const wish = await readBody(args.request, Wish)
    const invite =
      'revoke' in wish ? await api.revokeInvite(id, wish.revoke) : await api.createInvite(id, wish)
    return { invite, url: urlOf(args, invite) }
  })
