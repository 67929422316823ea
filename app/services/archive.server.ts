// Routes that give a file: their failure becomes a page in a browser, and JSON for anything else. What the file is, they know.
import { AppError, WireError } from '../../protocol/errors.ts'
import { z } from 'zod'
import { redirect, type LoaderFunctionArgs } from '../framework.server.ts'
import { attempt, signedIn, type Asker, type PageFault } from './answer.server.ts'
import { services } from './context.server.ts'

const ToldFault = WireError.extend({ id: z.string() })

/**
 * Runs a route that gives a file to somebody signed in. A resource route has no page of its own: a browser that was sent here by a
 * link is sent on to one that says what is wrong, anything else gets the failure as JSON.
 */
export async function archive(
  args: LoaderFunctionArgs,
  work: (asker: Asker) => Promise<Response>,
): Promise<Response> {
  const done = await attempt(args, async () => work(await signedIn(args)))
  if (done.ok) return done.value
  const { request, params, context } = args
  if (!(request.headers.get('accept') ?? '').includes('text/html'))
    return Response.json({ error: done.error }, { status: done.status })
  const said: PageFault = { ...done.error, id: context.requestId }
  const told = services(context).told.close(JSON.stringify(said))
  return redirect(`/repl/${encodeURIComponent(params['id'] ?? '')}/no-file?told=${told}`)
}

/** What `archive` sealed for the page that says it; anything else is nobody's words. */
export function toldFault(args: LoaderFunctionArgs): PageFault {
  const told = services(args.context).told.open(new URL(args.request.url).searchParams.get('told') ?? '')
  const parsed = ToldFault.safeParse(told === null ? null : JSON.parse(told))
  if (parsed.success) return parsed.data
  throw new AppError('not-found', { say: 'There is nothing at this address.' })
}
