// Follows the runner's sessions one after the other: what is set up for one is taken down before the next.
import type { Readable } from '../store.ts'
import type { Live } from './live.ts'

/** Runs `enter` for the session that lives now and each later one; what it answers ends it. */
export function eachSession(live: Readable<Live | null>, enter: (session: Live) => () => void): () => void {
  let leave: (() => void) | undefined
  const look = (): void => {
    leave?.()
    const session = live.get()
    leave = session === null ? undefined : enter(session)
  }
  look()
  const stop = live.subscribe(look)
  return () => {
    stop()
    leave?.()
  }
}
