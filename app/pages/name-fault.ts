// What is wrong with a name, in the words of the protocol's own rule.
import type { z } from 'zod'

/** Null when `name` is good. */
export function nameFault(name: string, rule: z.ZodType<string>): string | null {
  const parsed = rule.safeParse(name)
  return parsed.success ? null : (parsed.error.issues[0]?.message ?? 'This name is not valid.')
}
