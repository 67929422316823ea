// GET: all files of the repl as one zip archive, passed on as the API makes it.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { page, signedIn } from '../services/answer.server.ts'

export const loader = (args: LoaderFunctionArgs): Promise<Response> =>
  page(args, async () => {
    const { api } = await signedIn(args)
    const { repl, archive } = await asked(api, args)
    const name = `${repl.name.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}.zip`
    return new Response(archive, {
      headers: {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      },
    })
  })

async function asked(
  api: Awaited<ReturnType<typeof signedIn>>['api'],
  { params, request }: LoaderFunctionArgs,
) {
  const id = params['id'] ?? ''
  const leaving = new AbortController()
  request.signal.addEventListener('abort', () => leaving.abort(), { once: true })
  const repl = await api.repl(id)
  return { repl, archive: await api.zip(id, leaving.signal) }
}
