// GET: who has a role in this repl. POST: another role for one of them, or the end of it. Who may is the orchestrator's.
import { z } from 'zod'
import { PersonId } from '../../protocol/ids.ts'
import { ChangeMember, RemoveMember } from '../../protocol/repl.ts'
import type { ActionFunctionArgs, LoaderFunctionArgs } from '../framework.server.ts'
import { json, readBody } from '../services/answer.server.ts'

const Change = z.union([
  ChangeMember.extend({ person: PersonId }),
  RemoveMember.extend({ person: PersonId, remove: z.literal(true) }),
])

export const loader = (args: LoaderFunctionArgs) =>
  json(args, async ({ api }) => ({ members: await api.members(args.params['id'] ?? '') }))

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => {
    const id = args.params['id'] ?? ''
    const { person, ...change } = await readBody(args.request, Change)
    const members =
      'remove' in change
        ? await api.removeMember(id, person, { invites: change.invites })
        : await api.changeMember(id, person, change)
    return { members }
  })
