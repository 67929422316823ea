// What an overtaken session left: GET gives its files as a zip archive, POST brings its work into the running session.
import type { ActionFunctionArgs, LoaderFunctionArgs } from '../framework.server.ts'
import { json, type RouteArgs } from '../services/answer.server.ts'
import { archive } from '../services/archive.server.ts'
import { zipAnswer } from '../services/zip-answer.server.ts'

const names = ({ params }: RouteArgs) => ({ id: params['id'] ?? '', kept: params['kept'] ?? '' })

export const loader = (args: LoaderFunctionArgs): Promise<Response> =>
  archive(args, async ({ api }) => {
    const { id, kept } = names(args)
    const { reader } = args.context
    const { name } = await api.repl(id)
    const bytes = await api.keptZip(id, kept, reader.left)
    return zipAnswer({ name: `${name}-${kept}`, bytes }, reader)
  })

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => {
    const { id, kept } = names(args)
    return { took: await api.takeKept(id, kept) }
  })
