// Where a port of the repl is seen: POST answers it to the editor, GET sends somebody at the address bar there, each with a new ticket.
// Any site can send a browser here by GET: that opens nothing.
import { z } from 'zod'
import { Port } from '../../protocol/preview.ts'
import type { ActionFunctionArgs, LoaderFunctionArgs } from '../framework.server.ts'
import { redirect } from '../framework.server.ts'
import { json, page, readBody, signedIn } from '../services/answer.server.ts'

const Wish = z.object({
  port: Port,
  to: z.string().max(2000).default('/'),
  plain: z.boolean().default(false),
})
const Asked = Wish.omit({ plain: true }).extend({ port: z.coerce.number().pipe(Port) })

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => {
    const wish = await readBody(args.request, Wish)
    return { preview: await api.preview(args.params['id'] ?? '', { ...wish, from: reachedAt(args) }) }
  })

export const loader = (args: LoaderFunctionArgs) =>
  page(args, async () => {
    const { api } = await signedIn(args)
    const wish = Asked.parse(Object.fromEntries(new URL(args.request.url).searchParams))
    const asked = { ...wish, from: reachedAt(args), mayOpen: false }
    const { url } = await api.preview(args.params['id'] ?? '', asked)
    return redirect(url, { headers: { 'cache-control': 'no-store' } })
  })

/** Which of our origins the person used; the host was checked before. */
function reachedAt({ request, context }: ActionFunctionArgs): string {
  const { origins } = context.config
  const host = request.headers.get('host')
  return origins.find((origin) => new URL(origin).host === host) ?? origins[0]
}
