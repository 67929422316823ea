// GET: sends somebody at the address bar to where a port of the repl is seen, with a new ticket; who may not see it is told in
// words. Any site can send a browser here: that opens nothing.
import { z } from 'zod'
import { Port } from '../../protocol/preview.ts'
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { redirect } from '../framework.server.ts'
import { page, signedIn } from '../services/answer.server.ts'
import { reachedAt } from '../services/reached-at.server.ts'

const Asked = z.object({ port: z.coerce.number().pipe(Port), to: z.string().max(2000).default('/') })

export const loader = (args: LoaderFunctionArgs) =>
  page(args, async () => {
    const { api } = await signedIn(args)
    const wish = Asked.parse(Object.fromEntries(new URL(args.request.url).searchParams))
    const asked = { ...wish, plain: false, from: reachedAt(args), mayOpen: false }
    const { url } = await api.preview(args.params['id'] ?? '', asked)
    return redirect(url, { headers: { 'cache-control': 'no-store' } })
  })

/** Without a component nobody could be told in words why not. */
export default function PreviewVisit() {
  return null
}
