// Waits for something to become true: polls with a deadline and gives the last reason when it never does.

/** Milliseconds between two looks: what is quick is seen at once, and what takes long is not slowed by being asked. */
const firstPauseMs = 10
const longestPauseMs = 120

/** Resolves with what `check` returns once it neither throws nor gives false or undefined; `ms` bounds the wait. */
export async function eventually<T>(check: () => T | Promise<T>, ms = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms
  for (let pause = firstPauseMs; ; pause = Math.min(longestPauseMs, pause * 1.2)) {
    const outcome = await attempt(check)
    if ('value' in outcome) return outcome.value
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${outcome.why}`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}

async function attempt<T>(check: () => T | Promise<T>): Promise<{ value: NonNullable<T> } | { why: string }> {
  try {
    const value = await check()
    return value === false || value === undefined || value === null
      ? { why: `last value ${String(value)}` }
      : { value }
  } catch (fault) {
    return { why: String(fault) }
  }
}
