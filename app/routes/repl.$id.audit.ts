// GET: what happened in this repl, newest first; `?before=` asks on. Who may read it is the orchestrator's.
import { AskAudit } from '../../protocol/audit.ts'
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { json } from '../services/answer.server.ts'

export const loader = (args: LoaderFunctionArgs) =>
  json(args, ({ api }) => {
    const ask = AskAudit.parse(Object.fromEntries(new URL(args.request.url).searchParams))
    return api.audit(args.params['id'] ?? '', ask)
  })
