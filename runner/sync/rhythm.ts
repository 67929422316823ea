// How often a running session is backed up. Numbers only; follow.ts keeps to them.

export type Rhythm = {
  /** Milliseconds between two looks at the log: what was added is put at once, so it is in the store within 2 s. */
  shipMs: number
  /** Milliseconds between two looks at all other files: with the time a commit takes, less than 30 s. */
  commitMs: number
  /** Milliseconds between two looks whether a newer session has begun, while nothing is to be put. */
  turnMs: number
  /** Milliseconds between two signs of life to who asked for all this. */
  hereMs: number
  /** Milliseconds before what failed is tried again: doubled each time, up to the last. */
  retryMs: { first: number; last: number }
}

export const usualRhythm: Rhythm = {
  shipMs: 1_000,
  commitMs: 20_000,
  turnMs: 10_000,
  hereMs: 30_000,
  retryMs: { first: 1_000, last: 10_000 },
}

/** Before the `failures`-th failure in a row is tried again. */
export function retryAfter({ retryMs }: Rhythm, failures: number): number {
  return Math.min(retryMs.last, retryMs.first * 2 ** Math.min(20, Math.max(0, failures - 1)))
}
