// POST: a new link that grants a role in this repl.
import { CreateInvite } from '../../protocol/repl.ts'
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json, readBody } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => {
    const body = await readBody(args.request, CreateInvite)
    const invite = await api.createInvite(args.params['id'] ?? '', body)
    return { invite, url: `${args.context.config.origins[0]}/invite/${invite.code}` }
  })
