// Lets long walks over a disk give way: nobody's keystroke waits for a folder with fifty thousand files.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds of uninterrupted walking. */
const sliceMs = 4

/** Returns a function to await between steps; once the slice is used up it calls `before` and gives way. */
export function slices(before: () => void = () => undefined): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < sliceMs) return
    before()
    await nextTurn()
    since = performance.now()
  }
}
