// Waits for something to become true: polls with a deadline and gives the last reason when it never does.

/** Resolves with what `check` returns once it neither throws nor gives false or undefined; `ms` bounds the wait. */
export async function eventually<T>(check: () => T | Promise<T>, ms = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms
  for (;;) {
    const outcome = await attempt(check)
    if ('value' in outcome) return outcome.value
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${outcome.why}`)
    await new Promise((resolve) => setTimeout(resolve, 15))
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
