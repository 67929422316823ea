// POST: who may see a port of this repl from now on.
import { ShowPreview } from '../../protocol/preview.ts'
import type { ActionFunctionArgs } from '../framework.server.ts'
import { json, readBody } from '../services/answer.server.ts'

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => ({
    preview: await api.showPreview(args.params['id'] ?? '', await readBody(args.request, ShowPreview)),
  }))
