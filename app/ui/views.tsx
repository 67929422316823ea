// What stands where content is not: empty, loading, failed. Each says what the place is for and offers one thing to do.
import { TriangleAlert } from 'lucide-react'
import { useEffect, useState, type ReactNode } from 'react'

interface EmptyViewProps {
  title: string
  say: string
  action?: ReactNode
}

export function EmptyView({ title, say, action }: EmptyViewProps) {
  return (
    <div className="flex flex-col items-center gap-1 px-6 py-16 text-center">
      <h2 className="text-lead font-semibold">{title}</h2>
      <p className="max-w-96 text-muted">{say}</p>
      {action && <div className="mt-4">{action}</div>}
    </div>
  )
}

interface ErrorViewProps {
  title: string
  say: string
  /** What the operator finds in the log. */
  id?: string
  action?: ReactNode
  /** It is the whole page, and not a part of one. */
  isPage?: boolean
}

export function ErrorView({ title, say, id, action, isPage = false }: ErrorViewProps) {
  const Heading = isPage ? 'h1' : 'h2'
  return (
    <div role="alert" className="flex flex-col items-center gap-1 px-6 py-16 text-center">
      {id && <TriangleAlert size={20} className="mb-2 text-bad" aria-hidden />}
      <Heading className="text-lead font-semibold">{title}</Heading>
      <p className="max-w-96 text-muted wrap-anywhere">{say}</p>
      {id && (
        <p className="mt-2 text-label text-muted">
          Report it with the id <code className="font-mono text-ink select-all">{id}</code>
        </p>
      )}
      {action && <div className="mt-4">{action}</div>}
    </div>
  )
}

/** Layout at once, a quiet outline after this many milliseconds, words after a second. */
const outlineAfterMs = 150
const wordsAfterMs = 1000

/** Stands where something is still coming; shows nothing, then an outline, then words. */
export function LoadingView({ say }: { say: string }) {
  const shown = useElapsedStage([outlineAfterMs, wordsAfterMs])
  return (
    <div
      aria-busy="true"
      className="flex h-full min-h-24 flex-col items-center justify-center gap-3 text-muted"
    >
      {shown >= 1 && <span className="h-1 w-24 rounded-full bg-hover forced-colors:border" />}
      {shown >= 2 && <p>{say}</p>}
    </div>
  )
}

/** How many of the given delays (in milliseconds, growing) have passed since the mount. */
function useElapsedStage(delays: readonly [number, number]): number {
  const [stage, setStage] = useState(0)
  const [first, second] = delays
  useEffect(() => {
    const timers = [setTimeout(() => setStage(1), first), setTimeout(() => setStage(2), second)]
    return () => timers.forEach(clearTimeout)
  }, [first, second])
  return stage
}
