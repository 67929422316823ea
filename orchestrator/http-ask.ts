// One HTTP question to another of our processes, over TCP or a unix socket. Knows no question by name.
import { request, type IncomingMessage, type RequestOptions } from 'node:http'
import { AppError, WireError } from '../protocol/errors.ts'

export type Question = {
  /** Where: an origin, or a unix socket. */
  at: { origin: string } | { socket: string }
  method: 'GET' | 'POST'
  path: string
  bearer: string
  /** Sent as JSON; bytes are sent as they are. */
  body?: unknown
  /** Silence for this long is a failure. */
  silentMs: number
  /** Ends the question, and a stream that answers it. */
  signal?: AbortSignal
}

/** The answer's JSON, unparsed. A refusal is thrown as the AppError it names; no answer is `unavailable`. */
export async function ask(question: Question): Promise<unknown> {
  const answer = await send(question)
  const text = await textOf(answer)
  if ((answer.statusCode ?? 500) >= 300) throw refusal(question, answer, text)
  return text === '' ? null : JSON.parse(text)
}

/** As `ask`, for an answer that is passed on as it comes. */
export async function askStream(question: Question): Promise<IncomingMessage> {
  const answer = await send(question)
  if ((answer.statusCode ?? 500) >= 300) throw refusal(question, answer, await textOf(answer))
  return answer
}

/** As `ask`, for an answer of many lines: each is given as it comes. */
export async function* askLines(question: Question): AsyncGenerator<string> {
  const answer = await send(question)
  if ((answer.statusCode ?? 500) >= 300) throw refusal(question, answer, await textOf(answer))
  let held = ''
  answer.setEncoding('utf8')
  try {
    for await (const chunk of answer) {
      const lines = (held + String(chunk)).split('\n')
      held = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') yield line
    }
  } catch (cause) {
    throw away(question, cause)
  }
  if (held.trim() !== '') yield held
}

function send(question: Question): Promise<IncomingMessage> {
  const body = bodyOf(question.body)
  return new Promise((done, fail) => {
    const asked = request(optionsOf(question, body), done)
    asked.setTimeout(question.silentMs, () => asked.destroy(new Error('no answer in time')))
    asked.on('error', (cause) => fail(away(question, cause)))
    asked.end(body)
  })
}

function bodyOf(body: unknown): string | Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body)
}

function optionsOf(question: Question, body: string | Uint8Array | undefined): RequestOptions {
  const headers: Record<string, string> = { authorization: `Bearer ${question.bearer}` }
  if (body !== undefined) {
    headers['content-type'] = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
    headers['content-length'] = String(Buffer.byteLength(body))
  }
  const { method, path, signal } = question
  const common = { method, path, headers, agent: false, ...(signal === undefined ? {} : { signal }) }
  if ('socket' in question.at) return { ...common, socketPath: question.at.socket }
  const { hostname, port } = new URL(question.at.origin)
  return { ...common, hostname, port }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

function refusal(question: Question, answer: IncomingMessage, text: string): AppError {
  const error = wireError(text)
  const log = { path: question.path, answered: answer.statusCode }
  if (error === null)
    return new AppError('internal', { say: 'A part of DevEx answered in an unknown way.', log })
  return new AppError(error.code, { say: error.say, log })
}

/** Doors answer `{error: …}` or the error itself. */
function wireError(text: string): WireError | null {
  try {
    const body: unknown = JSON.parse(text)
    const inner = typeof body === 'object' && body !== null && 'error' in body ? body.error : body
    return WireError.parse(inner)
  } catch {
    return null
  }
}

function away(question: Question, cause: unknown): AppError {
  return new AppError('unavailable', {
    say: 'A part of DevEx does not answer just now.',
    log: { path: question.path },
    cause,
  })
}
