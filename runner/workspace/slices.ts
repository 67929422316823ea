// Lets long walks over a disk give way: nobody's keystroke waits for a folder with fifty thousand files.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds of uninterrupted walking. */
const sliceMs = 4

/** Returns a function to await between steps; it gives way once the slice is used up. */
export function slices(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < sliceMs) return
    await nextTurn()
    since = performance.now()
  }
}
