// POST: a new name for this repl.
import { RenameRepl } from '../../protocol/repl.ts'
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json, readBody } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => {
    const { name } = await readBody(args.request, RenameRepl)
    return { repl: await api.renameRepl(args.params['id'] ?? '', name) }
  })
