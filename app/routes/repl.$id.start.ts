// POST: the person wants this repl to run.
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => ({ repl: await api.startRepl(args.params['id'] ?? '') }))
