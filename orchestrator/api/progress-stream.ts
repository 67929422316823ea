// A repl's progress as server-sent events: what happened since the last seen, then what happens. Keeps nothing itself.
import type { Request, Response } from 'express'
import type { ProgressEvent, Repl } from '../../protocol/repl.ts'

/** Proxies cut a silent stream after a minute at most; a comment line this often keeps it. */
const commentMs = 15_000

export type StreamParts = {
  now: () => Promise<Repl>
  since: (after: number) => Promise<ProgressEvent[]>
  watchEvents: (tell: (event: ProgressEvent) => void) => () => void
  /** `gone`: the reader has no role there any more. */
  watchRepl: (told: { changed: (repl: Repl) => void; gone: () => void }) => () => void
}

/** Begins by listening, then tells the past: what happens in between is neither lost nor told twice. */
export async function streamProgress(parts: StreamParts, req: Request, res: Response): Promise<void> {
  let last = Number(req.get('last-event-id') ?? 0) || 0
  let waiting: ProgressEvent[] | null = []
  const tell = (event: ProgressEvent) => {
    if (event.id <= last) return
    last = event.id
    res.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  /** What changed before the head was out: a write would send a head of its own. */
  const early: Repl[] = []
  const tellRepl = (repl: Repl) => {
    if (!res.headersSent) return void early.push(repl)
    res.write(`event: repl\ndata: ${JSON.stringify(repl)}\n\n`)
  }
  const ends = [
    parts.watchEvents((event) => (waiting === null ? tell(event) : waiting.push(event))),
    parts.watchRepl({ changed: tellRepl, gone: () => res.end() }),
  ]
  res.on('close', () => ends.forEach((end) => end()))
  const repl = await parts.now()
  const past = await parts.since(last)
  res.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  res.flushHeaders()
  tellRepl(early.at(-1) ?? repl)
  for (const event of [...past, ...waiting]) tell(event)
  waiting = null
  const comments = setInterval(() => res.write(': still here\n\n'), commentMs)
  ends.push(() => clearInterval(comments))
  if (res.closed) clearInterval(comments)
}
