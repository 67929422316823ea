// How long to wait before something that failed is tried again: longer each time, up to a limit. Waits for nothing itself.

/** Delays double from the first to the last; a broken store or a crashing program is asked less and less often. */
const flushDelayMs = { first: 2_000, last: 300_000 }
const restartDelayMs = { first: 500, last: 30_000 }

/** After the `attempts`-th failure of a flush or verify. */
export function flushDelay(attempts: number): number {
  return growing(flushDelayMs, attempts - 1)
}

/** Before a dead process is started again; the first time at once. */
export function restartDelay(attempts: number): number {
  return attempts === 0 ? 0 : growing(restartDelayMs, attempts - 1)
}

function growing(delay: { first: number; last: number }, doublings: number): number {
  return Math.min(delay.last, delay.first * 2 ** Math.min(30, Math.max(0, doublings)))
}
