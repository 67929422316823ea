// Keeps long work with files from standing in the way of the process' other work.
import { setImmediate as breathe } from 'node:timers/promises'

/** Milliseconds of work in one go. */
const turnMs = 8

/** A function to call between steps: it gives way once a turn is over. */
export function turns(): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < turnMs) return
    await breathe()
    began = performance.now()
  }
}
