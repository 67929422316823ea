// Passes the API's progress events on to a page, event by event, with a sign of life when nothing happens. Invents no event.

/** Milliseconds of silence after which a comment is sent: proxies cut streams that are quiet for a minute. */
const signOfLifeMs = 15_000

const gap = /\r?\n\r?\n/

export const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

interface Relayed {
  source: ReadableStream<Uint8Array>
  /** Called when the reader is gone, so that the API's stream ends too. */
  onClose: () => void
  signOfLifeEveryMs?: number
}

/** Only whole events are passed on, so that a sign of life never falls into one. */
export function relayEvents({
  source,
  onClose,
  signOfLifeEveryMs = signOfLifeMs,
}: Relayed): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let held = ''
  let timer: NodeJS.Timeout
  const wholeEvents = (bytes: Uint8Array): string => {
    const parts = (held + decoder.decode(bytes, { stream: true })).split(gap)
    held = parts.pop() ?? ''
    return parts.map((part) => `${part}\n\n`).join('')
  }
  const finish = (): void => {
    clearInterval(timer)
    onClose()
  }
  return new ReadableStream<Uint8Array>({
    start: (out) => {
      out.enqueue(encoder.encode(': here\n\n'))
      timer = setInterval(() => out.enqueue(encoder.encode(': here\n\n')), signOfLifeEveryMs)
    },
    pull: async (out) => {
      const piece = await reader.read().catch(() => ({ done: true as const, value: undefined }))
      if (!piece.done) return out.enqueue(encoder.encode(wholeEvents(piece.value)))
      finish()
      out.close()
    },
    cancel: async () => {
      finish()
      await reader.cancel().catch(() => undefined)
    },
  })
}
