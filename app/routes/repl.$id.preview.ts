// Where a port of the repl is seen: POST answers it to the editor, with a new ticket. GET is the address that runners know for
// people who have none; it leads on to the page that can also say no (preview-visit).
import { z } from 'zod'
import { Port } from '../../protocol/preview.ts'
import type { ActionFunctionArgs, LoaderFunctionArgs } from '../framework.server.ts'
import { redirect } from '../framework.server.ts'
import { json, readBody } from '../services/answer.server.ts'
import { reachedAt } from '../services/reached-at.server.ts'

const Wish = z.object({
  port: Port,
  to: z.string().max(2000).default('/'),
  plain: z.boolean().default(false),
})

export const action = (args: ActionFunctionArgs) =>
  json(args, async ({ api }) => {
    const wish = await readBody(args.request, Wish)
    return { preview: await api.preview(args.params['id'] ?? '', { ...wish, from: reachedAt(args) }) }
  })

export const loader = ({ request, params }: LoaderFunctionArgs) =>
  redirect(`/repl/${encodeURIComponent(params['id'] ?? '')}/preview-visit${new URL(request.url).search}`)
