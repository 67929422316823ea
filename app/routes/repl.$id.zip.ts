// GET: all files of the repl as one zip archive, passed on as the API makes it.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { archive } from '../services/archive.server.ts'
import { zipAnswer } from '../services/zip-answer.server.ts'

export const loader = (args: LoaderFunctionArgs): Promise<Response> =>
  archive(args, async ({ api }) => {
    const id = args.params['id'] ?? ''
    const { reader } = args.context
    const { name } = await api.repl(id)
    return zipAnswer({ name, bytes: await api.zip(id, reader.left) }, reader)
  })
