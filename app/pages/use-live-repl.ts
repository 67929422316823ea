// One repl kept true: by its event stream while it is seen, and by a look now and then. Of two sources the newer wins.
import { useCallback, useState } from 'react'
import { z } from 'zod'
import { Repl } from '../../protocol/repl.ts'
import { useFresh } from './use-fresh.ts'
import { useProgress, type Progress } from './use-progress.ts'
import { useVisible } from './use-visible.ts'

export interface LiveRepl {
  repl: Repl
  progress: Progress
  put: (repl: Repl) => void
}

/** `loaded` is what the page was given last; a new value replaces what is shown, and so does every event. */
export function useLiveRepl(loaded: Repl, listening: boolean): LiveRepl {
  const [from, setFrom] = useState(loaded)
  const [repl, put] = useState(loaded)
  if (from !== loaded) {
    setFrom(loaded)
    put(loaded)
  }
  // An open stream holds one of the six connections that browsers grant a host, for all tabs together.
  const visible = useVisible()
  const progress = useProgress({ id: loaded.id, enabled: listening && visible, onRepl: put })
  return { repl, progress, put }
}

const withRepl = z.object({ repl: Repl })
/** Milliseconds between two looks: what the stream may have missed is seen within this. */
const lookMs = 5_000

/** The repl of its own page: listens and looks. */
export function useWatchedRepl(loaded: Repl): LiveRepl {
  // Somebody who was removed is told so by the workbench; asking on and on would change nothing.
  const [isGone, setGone] = useState(false)
  const live = useLiveRepl(loaded, !isGone)
  const { put } = live
  const onSeen = useCallback(({ repl }: { repl: Repl }) => put(repl), [put])
  const onGone = useCallback(() => setGone(true), [])
  const everyMs = isGone ? Infinity : lookMs
  useFresh({ path: `/repl/${loaded.id}/now`, shape: withRepl, everyMs, onSeen, onGone })
  return live
}
