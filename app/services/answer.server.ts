// The door of every route: who asks, and how a failure becomes words, a status and a log line. Routes hold no try of their own.
import { z } from 'zod'
import { AppError, asAppError, type WireError } from '../../protocol/errors.ts'
import type { Person } from '../../protocol/repl.ts'
import { data, type ActionFunctionArgs, type LoaderFunctionArgs } from '../framework.server.ts'
import type { PersonApi } from './api.server.ts'
import { services } from './context.server.ts'

export type RouteArgs = LoaderFunctionArgs | ActionFunctionArgs

/** What an error page shows: words for people, and the id under which the log has the rest. */
export type PageFault = WireError & { id: string }

export interface Asker {
  person: Person
  api: PersonApi
}

/** Who asks, or null when nobody is signed in. */
export async function whoAsks({ request, context }: RouteArgs): Promise<Person | null> {
  const { cookie, api } = services(context)
  const id = cookie.read(request)
  return id === null ? null : api.person(id)
}

export async function signedIn(args: RouteArgs): Promise<Asker> {
  const person = await whoAsks(args)
  if (!person) throw new AppError('not-signed-in', { say: 'You are not signed in.' })
  return { person, api: services(args.context).api.as(person.id) }
}

/** Turns anything thrown into an AppError and logs it, once. Responses (redirects) pass through. */
function fault(args: RouteArgs, thrown: unknown): AppError {
  if (thrown instanceof Response) throw thrown
  const error = asAppError(thrown)
  const line = { ...error.log, code: error.code, requestId: args.context.requestId }
  if (error.status >= 500) args.context.log.error({ ...line, err: error.cause ?? error }, error.say)
  else args.context.log.info(line, error.say)
  return error
}

/** Runs a page's loader or action; a failure is thrown as the data of an error page. */
export async function page<T>(args: RouteArgs, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const error = fault(args, thrown)
    const wire: PageFault = { ...error.toWire(), id: args.context.requestId }
    throw data(wire, { status: error.status })
  }
}

/** Runs work whose failure the page itself shows, beside the form that caused it. */
export async function attempt<T>(
  args: RouteArgs,
  work: () => Promise<T>,
): Promise<{ ok: true; value: T } | { ok: false; error: WireError; status: number }> {
  try {
    return { ok: true, value: await work() }
  } catch (thrown) {
    const error = fault(args, thrown)
    return { ok: false, error: error.toWire(), status: error.status }
  }
}

/** Runs a resource route for somebody signed in: its value as JSON, or `{error}` with the status of its code. */
export async function json(args: RouteArgs, work: (asker: Asker) => Promise<object>): Promise<Response> {
  const done = await attempt(args, async () => work(await signedIn(args)))
  if (done.ok) return Response.json(done.value)
  return Response.json({ error: done.error }, { status: done.status })
}

/** The JSON body of a request, parsed; an empty body is an empty object. */
export async function readBody<T>(request: Request, shape: z.ZodType<T>): Promise<T> {
  const text = await request.text()
  try {
    return shape.parse(text === '' ? {} : JSON.parse(text))
  } catch (cause) {
    if (cause instanceof z.ZodError) throw cause
    throw new AppError('bad-input', { say: 'The request is no JSON.', cause })
  }
}
