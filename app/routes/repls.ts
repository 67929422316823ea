// GET: my repls as they are now. POST: a new one from a template.
import { CreateRepl } from '../../protocol/repl.ts'
import type { ActionFunctionArgs, LoaderFunctionArgs } from '../framework.server.ts'
import { json, readBody } from '../services/answer.server.ts'

export const loader = (args: LoaderFunctionArgs) =>
  json(args, async ({ api }) => ({ repls: await api.repls() }))

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => ({ repl: await api.createRepl(await readBody(args.request, CreateRepl)) }))
