// Time as documents see it, so that a test can hold it still. Real time is `systemClock`.

export type Clock = {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs once after `ms`; gives a function that calls it off. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
