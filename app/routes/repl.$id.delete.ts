// POST: the person wants this repl gone.
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => ({ repl: await api.deleteRepl(args.params['id'] ?? '') }))
