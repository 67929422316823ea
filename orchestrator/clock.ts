// Time as this room sees it, so that a test can be its master. Real time is the default.

export type Clock = {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs `act` once after `ms`; gives the way to call it off. Never keeps the process alive. */
  after(ms: number, act: () => void): () => void
}

/** Node's timers fire at once above this many milliseconds; a longer wait is cut and asked again. */
const longestTimerMs = 2 ** 31 - 1

export const realClock: Clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, Math.min(longestTimerMs, Math.max(0, ms)))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((done) => {
    clock.after(ms, done)
  })
}
