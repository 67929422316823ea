// The seam of signing in: how somebody outside becomes a person of this installation. No implementation here.
import type { Person } from '../../protocol/repl.ts'

/** What a signed-out visitor is told about this way in. */
export interface WayIn {
  title: string
  /** Whole sentences for people. */
  say: string
}

/**
 * Promises of every implementation, proven by the exam of this seam:
 * - `finish` with a good proof gives the person, and the same proof never works again: `link-used`.
 * - a proof that is malformed, empty or unknown is refused with a code of 4xx, in words, and never gives a person.
 * - of two `finish` calls at the same time with one proof, exactly one gives a person.
 * - when the orchestrator does not answer, `finish` fails with `unavailable` and the proof stays good.
 * - `wayIn` never fails and names no secret.
 */
export interface SignIn {
  wayIn(): WayIn
  /** Turns what the visitor brought (a one-time code, the answer of another site) into a person. */
  finish(proof: string): Promise<Person>
}
