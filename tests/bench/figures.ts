// What a bench line is, and the arithmetic of its figures.

/** One figure of a run: ours, its floor of the same run where it has one, and what was aimed at. */
export type Line = {
  name: string
  value: number
  unit: string
  floor?: number
  /** Largest value (or ratio to the floor, when there is one) that meets the target. */
  target: number
}

/** Value over floor, or the bare value where there is no floor: what is compared with the target. */
export function judged(line: Line): number {
  return line.floor === undefined ? line.value : line.value / line.floor
}

/** The q-quantile (0 to 1) of `samples`. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = Math.min(sorted.length - 1, Math.floor(q * sorted.length))
  return sorted[at] ?? Number.NaN
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
