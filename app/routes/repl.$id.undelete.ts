// POST: the person wants this deleted repl back.
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => ({ repl: await api.undeleteRepl(args.params['id'] ?? '') }))
