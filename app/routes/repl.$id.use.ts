// GET: what the running session uses of its machine; null when none runs.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'

export const loader = (args: LoaderFunctionArgs) =>
  json(args, async ({ api }) => ({ use: await api.use(args.params['id'] ?? '') }))
