// GET: the API's progress events of this repl, passed on as they come.
import type { LoaderFunctionArgs } from '../framework.server.ts'
import { attempt, signedIn } from '../services/answer.server.ts'
import { relayEvents, streamHeaders } from '../services/progress.server.ts'

export async function loader(args: LoaderFunctionArgs): Promise<Response> {
  const { request, params, context } = args
  const leaving = new AbortController()
  // Not the request's own signal: nothing holds that one once this function is over.
  context.reader.left.addEventListener('abort', () => leaving.abort(), { once: true })
  const after = request.headers.get('last-event-id') ?? new URL(request.url).searchParams.get('after') ?? ''
  const opened = await attempt(args, async () => {
    const { api } = await signedIn(args)
    const from = /^\d{1,15}$/.test(after) ? { after } : {}
    return api.progress(params['id'] ?? '', { ...from, signal: leaving.signal })
  })
  if (!opened.ok) return Response.json({ error: opened.error }, { status: opened.status })
  const stream = relayEvents({ source: opened.value, onClose: () => leaving.abort() })
  return new Response(stream, { headers: streamHeaders })
}
