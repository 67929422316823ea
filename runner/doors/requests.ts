// What the HTTP doors read from a request and write as an answer. Decides nothing.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError, type AppError as Failure } from '../../protocol/errors.ts'

/** Bytes of a JSON body: commands are small, content travels as a stream. */
const jsonBytes = 64 * 1024

/** The bearer token of a request; `bad-token` when there is none. */
export function bearerOf(request: IncomingMessage): string {
  const found = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')
  if (found?.[1]) return found[1]
  throw new AppError('bad-token', { say: 'A token is missing.' })
}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBytes(request, jsonBytes)
  try {
    return JSON.parse(Buffer.from(body).toString() || '{}')
  } catch (cause) {
    throw new AppError('bad-input', { say: 'This request is not JSON.', cause })
  }
}

/** The whole body; `too-large` as soon as it has more than `most` bytes. */
export async function readBytes(request: IncomingMessage, most: number): Promise<Uint8Array> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request) {
    const chunk = Buffer.from(part)
    bytes += chunk.length
    if (bytes > most) throw new AppError('too-large', { say: 'This request is too large.' })
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(bytes)
}

/** After the head has gone only the connection can say that something failed. */
export function answerFailure(response: ServerResponse, failure: Failure): void {
  if (response.headersSent) response.destroy()
  else answerJson(response, failure.status, { error: failure.toWire() })
}
