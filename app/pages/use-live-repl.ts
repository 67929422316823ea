// One repl kept true: by its event stream while it moves, by the page's own looks while it rests. Of two sources the newer wins.
import { useState } from 'react'
import type { Repl } from '../../protocol/repl.ts'
import { isMoving } from '../ui/phase.ts'
import { useProgress, type Progress } from './use-progress.ts'

export interface LiveRepl {
  repl: Repl
  progress: Progress
  put: (repl: Repl) => void
}

type Listen = 'always' | 'while-moving' | 'never'

/** `loaded` is what the page's loader told last; a new value replaces what is shown, and so does every event. */
export function useLiveRepl(loaded: Repl, listen: Listen): LiveRepl {
  const [from, setFrom] = useState(loaded)
  const [repl, put] = useState(loaded)
  if (from !== loaded) {
    setFrom(loaded)
    put(loaded)
  }
  const enabled = listen === 'always' || (listen === 'while-moving' && isMoving(repl))
  const progress = useProgress({ id: loaded.id, enabled, onRepl: put })
  return { repl, progress, put }
}
