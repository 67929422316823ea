// One change that a person asks for: pressed, awaited, done or refused in words.
import { useState } from 'react'
import { z } from 'zod'
import type { WireError } from '../../protocol/errors.ts'
import { Repl } from '../../protocol/repl.ts'
import { postJson } from '../ui/post.ts'

const withRepl = z.object({ repl: Repl })

export type ReplChange = 'start' | 'stop' | 'rename' | 'delete' | 'undelete'

export interface Change {
  /** What is awaited now, null at rest. */
  pending: ReplChange | null
  error: WireError | null
  forget(): void
  /** Asks; true when it was done. */
  ask(change: ReplChange, body?: unknown): Promise<boolean>
}

/** Changes of repl `id`; `onRepl` gets the repl as it is after each. */
export function useReplChange(id: string, onRepl: (repl: Repl) => void): Change {
  const [pending, setPending] = useState<ReplChange | null>(null)
  const [error, setError] = useState<WireError | null>(null)
  const ask = async (change: ReplChange, body: unknown = {}): Promise<boolean> => {
    setPending(change)
    setError(null)
    const answer = await postJson(`/repl/${id}/${change}`, body, withRepl)
    setPending(null)
    if (answer.ok) onRepl(answer.value.repl)
    else setError(answer.error)
    return answer.ok
  }
  return { pending, error, forget: () => setError(null), ask }
}
