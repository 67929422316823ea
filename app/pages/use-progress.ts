// Listens to a repl's progress while it moves: events in order, each once, resumed after a break. What they mean is steps.ts.
import { useEffect, useRef, useState } from 'react'
import { ProgressEvent, Repl } from '../../protocol/repl.ts'
import { advance, type Run } from './steps.ts'

/** Milliseconds before a stream that the server refused is asked for again. */
const retryMs = 2_000

export interface Progress {
  run: Run | null
  /** False while the stream is down: what is shown may be old. */
  connected: boolean
}

const nothing: Progress = { run: null, connected: true }

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return null
  }
}

interface Listening {
  id: string
  after: () => number
  onEvent: (event: ProgressEvent) => void
  onRepl: (repl: Repl) => void
  onConnected: (connected: boolean) => void
}

/** Opens the stream and keeps it open; returns what closes it. */
function listen({ id, after, onEvent, onRepl, onConnected }: Listening): () => void {
  let source: EventSource
  let timer: ReturnType<typeof setTimeout> | undefined
  const open = (): void => {
    source = new EventSource(`/repl/${id}/progress?after=${after() || ''}`)
    source.addEventListener('open', () => onConnected(true))
    source.addEventListener('message', ({ data }) => {
      const event = ProgressEvent.safeParse(parsed(data))
      if (event.success) onEvent(event.data)
    })
    source.addEventListener('repl', ({ data }) => {
      const repl = Repl.safeParse(parsed(data))
      if (repl.success) onRepl(repl.data)
    })
    source.addEventListener('error', () => {
      onConnected(false)
      // A broken stream is reopened by the browser; a refused one is not.
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, retryMs)
    })
  }
  open()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}

interface ProgressOf {
  id: string
  /** An open stream holds one of the six connections that browsers grant a host. */
  enabled: boolean
  /** Gets the repl whenever the stream carries it; must be stable. */
  onRepl: (repl: Repl) => void
}

/** The progress of a repl; begins with what happened before, as the server tells it again. */
export function useProgress({ id, enabled, onRepl }: ProgressOf): Progress {
  const [progress, setProgress] = useState(nothing)
  const last = useRef(0)
  useEffect(() => {
    if (!enabled) return
    return listen({
      id,
      after: () => last.current,
      onEvent: (event) => {
        if (event.id <= last.current) return
        last.current = event.id
        setProgress((old) => ({ ...old, run: advance(old.run, event) }))
      },
      onRepl,
      onConnected: (connected) => setProgress((old) => ({ ...old, connected })),
    })
  }, [id, enabled, onRepl])
  return progress
}
