// Who reads an answer that is made while it is sent: whether they have left, and when they can take more. Remix asks neither.
import type { ServerResponse } from 'node:http'

export interface Reader {
  /** Aborted when the answer is over, or its reader has gone. */
  left: AbortSignal
  /** Resolves when the reader can take more, or has left. */
  ready(): Promise<void>
}

export function readerOf(response: ServerResponse): Reader {
  const leaving = new AbortController()
  response.once('close', () => leaving.abort())
  const left = leaving.signal
  return {
    left,
    ready: () =>
      new Promise((resolve) => {
        if (left.aborted || !response.writableNeedDrain) return resolve()
        const go = (): void => {
          response.off('drain', go)
          left.removeEventListener('abort', go)
          resolve()
        }
        response.once('drain', go)
        left.addEventListener('abort', go)
      }),
  }
}

/** `source` no faster than its reader takes it, and no longer than they are there. */
export function paced(
  source: ReadableStream<Uint8Array>,
  { left, ready }: Reader,
): ReadableStream<Uint8Array> {
  const pieces = source.getReader()
  const end = (): void => void pieces.cancel().catch(() => undefined)
  if (left.aborted) end()
  else left.addEventListener('abort', end, { once: true })
  return new ReadableStream<Uint8Array>(
    {
      async pull(out) {
        await ready()
        const { done, value } = await pieces.read()
        if (done) out.close()
        else out.enqueue(value)
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )
}
