// The list of my repls kept true by a look now and then, and at once after a change.
import { useCallback, useState } from 'react'
import { z } from 'zod'
import { Repl } from '../../protocol/repl.ts'
import { useFresh } from './use-fresh.ts'

const withRepls = z.object({ repls: z.array(Repl) })
/** Milliseconds between two looks; rows that move tell of themselves meanwhile. */
const lookMs = 3_000

export interface ReplListNow {
  repls: readonly Repl[]
  /** Looks right now. */
  look: () => Promise<void>
}

export function useReplList(loaded: readonly Repl[]): ReplListNow {
  const [from, setFrom] = useState(loaded)
  const [repls, setRepls] = useState(loaded)
  if (from !== loaded) {
    setFrom(loaded)
    setRepls(loaded)
  }
  const onSeen = useCallback((seen: { repls: Repl[] }) => setRepls(seen.repls), [])
  return { repls, look: useFresh({ path: '/repls', shape: withRepls, everyMs: lookMs, onSeen }) }
}
