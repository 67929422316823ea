// Keeps long work with files from standing in the way of the process' other work.
import { setImmediate as breathe } from 'node:timers/promises'

/** Milliseconds of work in one go. */
const turnMs = 8

/** A function to call between steps: it gives way once a turn is over, and throws once `signal` is aborted. */
export function turns(signal?: AbortSignal): () => Promise<void> {
  let began = performance.now()
  return async () => {
    signal?.throwIfAborted()
    if (performance.now() - began < turnMs) return
    await breathe()
    began = performance.now()
  }
}
