// Asks the server again now and then, so that what a page shows stays true; not while nobody looks. A look that fails changes nothing:
// going by the framework's own revalidation would put an error page in place of a workbench that holds unsent edits.
import { useCallback, useEffect } from 'react'
import type { z } from 'zod'
import { useVisible } from './use-visible.ts'

interface Fresh<T> {
  path: string
  shape: z.ZodType<T>
  everyMs: number
  /** Gets what was seen; must be stable. */
  onSeen: (seen: T) => void
  /** Called when it is nothing for this person any more; must be stable. */
  onGone?: () => void
}

/** Statuses that say: this is not yours, or not there, however often you ask. */
const goneStatuses = [403, 404]

/** Looks every `everyMs` milliseconds (Infinity: not) while seen, and at once when seen again; answers how to look right now. */
export function useFresh<T>({ path, shape, everyMs, onSeen, onGone }: Fresh<T>): () => Promise<void> {
  const visible = useVisible()
  const look = useCallback(async () => {
    const response = await fetch(path, { headers: { accept: 'application/json' } }).catch(() => null)
    if (response !== null && goneStatuses.includes(response.status)) onGone?.()
    if (!response?.ok) return
    const seen = shape.safeParse(await response.json().catch(() => null))
    if (seen.success) onSeen(seen.data)
  }, [path, shape, onSeen, onGone])
  useEffect(() => {
    if (!visible || everyMs === Infinity) return
    const timer = setInterval(() => void look(), everyMs)
    return () => clearInterval(timer)
  }, [visible, look, everyMs])
  useEffect(() => {
    const onShow = (): void => {
      if (!document.hidden) void look()
    }
    document.addEventListener('visibilitychange', onShow)
    return () => document.removeEventListener('visibilitychange', onShow)
  }, [look])
  return look
}
