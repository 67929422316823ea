// Waits until this page's own edits are in the runner's log, because keystrokes and text travel by different ways.
import { AppError } from '../../../protocol/errors.ts'
import { limits } from '../../../protocol/limits.ts'
import type { Readable } from '../store.ts'

export const waitingWords = 'Waiting for your edits to arrive…'
export const gaveUpWords =
  'Your edits did not reach the REPL, so this was not sent: it would have run old text. Try again when the connection is back.'

/** Own edits on their way to the log: 0 means that what runs now runs what is seen. */
export type Unlogged = Readable<number>

/** Resolves when nothing is on its way; `say` gets words after a short silence and null at the end. Rejects when it takes too long. */
export function arrivalOf(unlogged: Unlogged, say: (words: string | null) => void): Promise<void> {
  if (unlogged.get() === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const slow = setTimeout(() => say(waitingWords), limits.enterHoldMs)
    const over = setTimeout(
      () => end(new AppError('unavailable', { say: gaveUpWords })),
      limits.enterGiveUpMs,
    )
    const stop = unlogged.subscribe(() => {
      if (unlogged.get() === 0) end(null)
    })
    const end = (failure: AppError | null): void => {
      clearTimeout(slow)
      clearTimeout(over)
      stop()
      say(null)
      if (failure === null) resolve()
      else reject(failure)
    }
  })
}
