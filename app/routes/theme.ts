// POST: the theme to wear from now on.
import { z } from 'zod'
import type { ActionFunctionArgs } from '../framework.server.ts'
import { attempt, readBody } from '../services/answer.server.ts'
import { themeCookie } from '../services/theme.server.ts'
import { Theme } from '../ui/theme-choice.ts'

const Choice = z.object({ theme: Theme })

export async function action(args: ActionFunctionArgs): Promise<Response> {
  const done = await attempt(args, () => readBody(args.request, Choice))
  if (!done.ok) return Response.json({ error: done.error }, { status: done.status })
  const secure = args.context.config.origins[0].startsWith('https:')
  return Response.json(done.value, { headers: { 'set-cookie': themeCookie(done.value.theme, secure) } })
}
