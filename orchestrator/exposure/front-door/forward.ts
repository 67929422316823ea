// Passes one plain request on and its answer back, both as they come; a side that breaks off breaks off the other.
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import { framed } from '../../../protocol/hop.ts'
import { answerHeaders, requestHeaders } from './headers.ts'
import { refusals, refuse } from './refusal.ts'
import { isAway, type Upstream } from './upstream.ts'
import type { Way } from './way.ts'

export type Exchange = { req: IncomingMessage; res: ServerResponse; way: Way }

/** A connection of its own per request: an idle one may close just as it is used again, and nobody could say what had been done. */
export function forward({ req, res, way }: Exchange, upstream: Upstream): void {
  const out = request({
    ...upstream,
    agent: false,
    method: req.method,
    path: req.url,
    // A server that refuses early closes at once when told that this is the last request, and the refusal would be lost with our write.
    headers: { ...framed(req.headers, requestHeaders(req, way)), connection: 'keep-alive' },
  })
  out.setNoDelay(true)
  let isAnswered = false
  out.on('response', (answer) => {
    isAnswered = true
    passBack({ req, res, way }, answer)
  })
  out.on('error', (thrown) => {
    if (!isAnswered) refuse(req, res, isAway(thrown) ? refusals.away : refusals.broken)
  })
  // An upload that breaks off must not look complete behind us.
  res.on('close', () => out.destroy())
  req.pipe(out)
}

function passBack({ req, res, way }: Exchange, answer: IncomingMessage): void {
  if (res.headersSent || res.destroyed) return void answer.destroy()
  try {
    res.writeHead(answer.statusCode ?? 502, answerHeaders(answer, way))
  } catch {
    answer.destroy()
    return refuse(req, res, refusals.broken)
  }
  res.flushHeaders()
  pipeline(answer, res, () => undefined)
}
