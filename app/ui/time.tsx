// Times as clock times of the reader's own place. The server does not know that place, so the words come with the first paint in the browser.
import { useSyncExternalStore } from 'react'

const never = () => () => {}

/** Is this the browser, after the first paint? Then its clock and place may be used. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  )
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const wholeDate = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })

/** "14:02" today, "yesterday 14:02", "21 Nov", "21 Nov 2025"; both times in milliseconds since 1970. */
export function clockWords(at: number, now: number = Date.now()): string {
  const then = new Date(at)
  const today = new Date(now)
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)
  if (then.toDateString() === today.toDateString()) return clock.format(then)
  if (then.toDateString() === yesterday.toDateString()) return `yesterday ${clock.format(then)}`
  return then.getFullYear() === today.getFullYear() ? dayAndMonth.format(then) : wholeDate.format(then)
}

export function ClockTime({ at }: { at: number }) {
  const hydrated = useHydrated()
  return <time dateTime={new Date(at).toISOString()}>{hydrated ? clockWords(at) : '–'}</time>
}

/** Milliseconds of a step in words: "0.4 s", "12 s", "2 min 5 s". */
export function durationWords(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
}
