// One repl kept true: by its event stream while it moves, by asking again while it rests. Of two sources the newer wins.
import { useEffect, useState } from 'react'
import type { Repl } from '../../protocol/repl.ts'
import { isMoving } from '../ui/phase.ts'
import { useFresh } from './use-fresh.ts'
import { useProgress, type Progress } from './use-progress.ts'

/** Milliseconds between two looks while a repl rests or runs: a stop by somebody else is seen within this. */
const restLookMs = 4_000

export interface LiveRepl {
  repl: Repl
  progress: Progress
  put: (repl: Repl) => void
}

/**
 * An open event stream holds one of the six connections that browsers grant a host, so it lives only while
 * the phase moves or a page about the session itself is shown.
 */
export function useLiveRepl(loaded: Repl, watching: boolean): LiveRepl {
  const [repl, put] = useState(loaded)
  const progress = useProgress(loaded.id, watching || isMoving(repl))
  useEffect(() => put(loaded), [loaded])
  useEffect(() => {
    if (progress.repl) put(progress.repl)
  }, [progress.repl])
  useFresh(restLookMs)
  return { repl, progress, put }
}
