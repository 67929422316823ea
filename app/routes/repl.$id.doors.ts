// POST: where the running repl is found, with a token for the person who asks.
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => ({ doors: await api.doors(args.params['id'] ?? '') }))
