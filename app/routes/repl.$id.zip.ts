// GET: all files of the repl as one zip archive, passed on as the API makes it.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { page, signedIn } from '../services/answer.server.ts'
import { leavingOf, zipAnswer } from '../services/zip-answer.server.ts'

export const loader = (args: LoaderFunctionArgs): Promise<Response> =>
  page(args, async () => {
    const { api } = await signedIn(args)
    const id = args.params['id'] ?? ''
    const { name } = await api.repl(id)
    return zipAnswer(name, await api.zip(id, leavingOf(args.request)))
  })
