// GET: all files of the repl as one zip archive, passed on as the API makes it.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { archive } from '../services/archive.server.ts'
import { leavingOf, zipAnswer } from '../services/zip-answer.server.ts'

export const loader = (args: LoaderFunctionArgs): Promise<Response> =>
  archive(args, async ({ api }) => {
    const id = args.params['id'] ?? ''
    const { name } = await api.repl(id)
    return zipAnswer(name, await api.zip(id, leavingOf(args.request)))
  })
