// POST: a new repl from a template.
import { CreateRepl } from '../../protocol/repl.ts'
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json, readBody } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => ({ repl: await api.createRepl(await readBody(args.request, CreateRepl)) }))
