// Asks the app's own routes (doors, templates, whatever a panel names) and parses what they answer; it keeps no state.
import { z } from 'zod'
import { AppError } from '../../../protocol/errors.ts'
import { ApiFailure, Doors, Template } from '../../../protocol/repl.ts'

const offlineSay = 'The server cannot be reached. Trying again.'

/** Posts to a route of this repl and answers its JSON, or throws what the server said. */
export function postToApp(repl: string, route: string, body: object = {}): Promise<unknown> {
  return ask(`/repl/${repl}/${route}`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  })
}

/** As `postToApp`, for what is only read. */
export function getFromApp(repl: string, route: string): Promise<unknown> {
  return ask(`/repl/${repl}/${route}`, { headers: { accept: 'application/json' } })
}

async function ask(path: string, init: RequestInit): Promise<unknown> {
  const answer = await fetch(path, init).catch((cause: unknown) => {
    throw new AppError('unavailable', { say: offlineSay, cause })
  })
  const value: unknown = await answer.json().catch(() => null)
  if (answer.ok) return value
  throw failure(value)
}

function failure(value: unknown): AppError {
  const parsed = ApiFailure.safeParse(value)
  if (parsed.success) return new AppError(parsed.data.error.code, { say: parsed.data.error.say })
  return new AppError('unavailable', { say: offlineSay })
}

export async function askDoors(repl: string): Promise<Doors> {
  const parsed = z.object({ doors: Doors }).safeParse(await postToApp(repl, 'doors'))
  if (!parsed.success) throw new AppError('internal', { say: 'The server gave no address for this REPL.' })
  return parsed.data.doors
}

/** Files that a template opens at the first visit; none when it cannot be asked, since nothing depends on them. */
export async function askFirstFiles(template: string): Promise<string[]> {
  const answer = await fetch('/templates', { headers: { accept: 'application/json' } }).catch(() => null)
  const parsed = z.object({ templates: z.array(Template) }).safeParse(await answer?.json().catch(() => null))
  return parsed.data?.templates.find(({ id }) => id === template)?.open ?? []
}
