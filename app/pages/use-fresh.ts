// Asks the server again now and then, so that what a page shows stays true; not while nobody looks.
import { useEffect } from 'react'
import { useRevalidator } from '../framework.ts'

/** Revalidates the page every `everyMs` milliseconds while it is seen, and when it is seen again. */
export function useFresh(everyMs: number): void {
  const { revalidate } = useRevalidator()
  useEffect(() => {
    const look = (): void => {
      if (!document.hidden) revalidate()
    }
    const timer = setInterval(look, everyMs)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [everyMs, revalidate])
}
