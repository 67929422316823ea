// A list of the server's kept while its panel is open: asked at the beginning, after each change, and now and then.
import { useCallback, useEffect, useState } from 'react'
import { asAppError } from '../../protocol/errors.ts'

/** Milliseconds between two looks: others come, and links are used. */
const everyMs = 4_000

export type Asked<T> = {
  /** Null before the first answer. */
  value: T | null
  error: string | null
  /** Runs a change, shows what goes wrong, and asks anew. */
  change: (doing: () => Promise<unknown>) => Promise<void>
}

/** `read` must be stable. */
export function useAsked<T>(read: () => Promise<T>): Asked<T> {
  const [value, setValue] = useState<T | null>(null)
  // A look that succeeds makes a failed one forgotten, and not a change that was refused.
  const [unseen, setUnseen] = useState<string | null>(null)
  const [refused, setRefused] = useState<string | null>(null)
  const look = useCallback(
    () =>
      read().then(
        (seen) => {
          setValue(seen)
          return setUnseen(null)
        },
        (thrown: unknown) => setUnseen(asAppError(thrown).say),
      ),
    [read],
  )
  useEffect(() => {
    void look()
    const timer = setInterval(() => void look(), everyMs)
    return () => clearInterval(timer)
  }, [look])
  const change = useCallback(
    async (doing: () => Promise<unknown>) => {
      setRefused(null)
      await doing().catch((thrown: unknown) => setRefused(asAppError(thrown).say))
      await look()
    },
    [look],
  )
  return { value, error: refused ?? unseen, change }
}
