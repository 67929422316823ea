// One request to the orchestrator: sent in somebody's name, its answer parsed, its failure an AppError. Knows no route.
import type { z } from 'zod'
import { AppError } from '../../protocol/errors.ts'
import { ApiFailure } from '../../protocol/repl.ts'

/** An answer that takes longer means that the orchestrator is stuck; people are told instead of waiting. */
const answerWithinMs = 10_000

export interface Ask {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  person?: string | undefined
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

export type Send = (ask: Ask) => Promise<Response>

export function sender({ url, secret }: { url: string; secret: string }): Send {
  return async (ask) => {
    const headers: Record<string, string> = { authorization: `Bearer ${secret}`, ...ask.headers }
    if (ask.person !== undefined) headers['x-devex-person'] = ask.person
    if (ask.body !== undefined) headers['content-type'] = 'application/json'
    try {
      return await fetch(new URL(ask.path, url), {
        method: ask.method ?? 'GET',
        headers,
        signal: ask.signal ?? AbortSignal.timeout(answerWithinMs),
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
      })
    } catch (cause) {
      throw new AppError('unavailable', {
        say: 'The orchestrator does not answer. It may be starting; try again in a moment.',
        log: { path: ask.path },
        cause,
      })
    }
  }
}

async function refusal(response: Response, path: string): Promise<AppError> {
  const text = await response.text().catch(() => '')
  const parsed = ApiFailure.safeParse(jsonOrNull(text))
  if (parsed.success) {
    const { code, say } = parsed.data.error
    return new AppError(code, { say, log: { path, apiStatus: response.status } })
  }
  return new AppError('internal', {
    say: 'The orchestrator gave an answer that we cannot read. It has been logged.',
    log: { path, apiStatus: response.status },
  })
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export async function read<T>(send: Send, ask: Ask, shape: z.ZodType<T>): Promise<T> {
  const response = await send(ask)
  if (!response.ok) throw await refusal(response, ask.path)
  const parsed = shape.safeParse(jsonOrNull(await response.text()))
  if (parsed.success) return parsed.data
  throw new AppError('internal', {
    say: 'The orchestrator gave an answer that we cannot read. It has been logged.',
    log: { path: ask.path, issues: parsed.error.issues.slice(0, 3) },
  })
}

export async function stream(send: Send, ask: Ask): Promise<ReadableStream<Uint8Array>> {
  const response = await send(ask)
  if (!response.ok) throw await refusal(response, ask.path)
  if (response.body) return response.body
  throw new AppError('unavailable', { say: 'This cannot be read now. Try again.', log: { path: ask.path } })
}
