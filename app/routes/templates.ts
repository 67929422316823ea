// GET: the templates a repl can be made from.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'
import { services } from '../services/context.server.ts'

export const loader = (args: LoaderFunctionArgs) =>
  json(args, async () => ({ templates: await services(args.context).api.templates() }))
