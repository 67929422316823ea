// GET: the repl as it is now.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'

export const loader = (args: LoaderFunctionArgs) =>
  json(args, async ({ api }) => ({ repl: await api.repl(args.params['id'] ?? '') }))
