// Asks our own server for a change and parses its answer; a refusal comes back as words, never as a throw. Knows no particular route.
import type { z } from 'zod'
import { ApiFailure } from '../../protocol/repl.ts'
import type { WireError } from '../../protocol/errors.ts'

export type Posted<T> = { ok: true; value: T } | { ok: false; error: WireError }

const unreachable: WireError = {
  code: 'unavailable',
  say: 'The server cannot be reached. Check the connection and try again.',
}
const unreadable: WireError = {
  code: 'internal',
  say: 'The server gave an answer that this page cannot read. Reload the page.',
}

/** POSTs `body` as JSON to `path` of our origin; `answer` is the shape of success. */
export async function postJson<T>(path: string, body: unknown, answer: z.ZodType<T>): Promise<Posted<T>> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    })
    return read(await response.json(), response.ok, answer)
  } catch {
    return { ok: false, error: unreachable }
  }
}

function read<T>(json: unknown, ok: boolean, answer: z.ZodType<T>): Posted<T> {
  if (!ok) return { ok: false, error: ApiFailure.safeParse(json).data?.error ?? unreadable }
  const parsed = answer.safeParse(json)
  return parsed.success ? { ok: true, value: parsed.data } : { ok: false, error: unreadable }
}
