// Randomness that repeats: the same number gives the same test.

export type Seeded = { next: () => number; below: (n: number) => number; pick: <T>(from: readonly T[]) => T }

/** mulberry32. */
export function seeded(from: number): Seeded {
  let state = from >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number): number => Math.floor(next() * n)
  return { next, below, pick: (from) => from[below(from.length)]! }
}
