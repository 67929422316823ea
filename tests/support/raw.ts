// Requests and sockets that no page would send: paths exactly as written, any header, any frame.
import { request } from 'node:http'
import WebSocket from 'ws'
import { bearerPrefix } from '../../protocol/access.ts'
import { collabSubprotocol } from '../../protocol/document.ts'

export type RawAsk = { method?: string; token?: string; headers?: Record<string, string>; body?: string }
export type RawAnswer = { status: number; text: string; code: string; say: string }

/** Sends `path` without making it normal first; `code` and `say` are those of a refusal, empty when there is none. */
export function rawRequest(origin: string, path: string, ask: RawAsk = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(origin)
  const { method = 'GET', token, body = '' } = ask
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...ask.headers,
  }
  return new Promise((resolve, reject) => {
    const out = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      let text = ''
      answer.on('data', (bytes: Buffer) => (text += bytes.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, ...refusalIn(text) }))
    })
    out.on('error', reject)
    out.end(method === 'GET' ? undefined : body)
  })
}

function refusalIn(text: string): { code: string; say: string } {
  try {
    const value = JSON.parse(text) as { error?: { code: string; say: string }; code?: string; say?: string }
    return { code: value.error?.code ?? value.code ?? '', say: value.error?.say ?? value.say ?? '' }
  } catch {
    return { code: '', say: '' }
  }
}

export type RawSocket = {
  socket: WebSocket
  /** Every frame so far. */
  frames: Buffer[]
  /** How it ended: a close code with its words, or the HTTP status that refused the upgrade. */
  ended: Promise<{ code: number; say: string }>
}

/** A socket to a room with any token; `isOurs` speaks our subprotocol, else it is a stock client's. */
export function rawRoom(
  url: string,
  of: { token: string; isOurs?: boolean; headers?: Record<string, string> },
): RawSocket {
  const protocols = [...(of.isOurs ? [collabSubprotocol] : []), bearerPrefix + of.token]
  return rawSocket(new WebSocket(url, protocols, { headers: of.headers ?? {} }))
}

export function rawSocket(socket: WebSocket): RawSocket {
  const frames: Buffer[] = []
  socket.on('message', (data: Buffer) => frames.push(data))
  const ended = new Promise<{ code: number; say: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, say: reason.toString() }))
    socket.on('unexpected-response', (_request, answer) => {
      let say = ''
      answer.on('data', (bytes: Buffer) => (say += bytes.toString()))
      answer.on('close', () => resolve({ code: answer.statusCode ?? 0, say }))
    })
    socket.on('error', () => undefined)
  })
  return { socket, frames, ended }
}
