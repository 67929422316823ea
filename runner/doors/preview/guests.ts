// Whose connections pass through previews now, so that one who is removed loses them at once. Passes nothing, and lets nobody in.
import type { AccessChange } from '../../../protocol/access.ts'

/** A socket or an answer: ends, and says when it has. */
type Passing = { destroy(): unknown; once(event: 'close', then: () => void): unknown }

export class PreviewGuests {
  readonly #passing = new Map<string, Set<Passing>>()

  /** Until it closes it is this person's; of nobody's (a public preview) nothing is kept. */
  hold(person: string | null, passing: Passing): void {
    if (person === null) return
    const held = this.#passing.get(person) ?? new Set()
    this.#passing.set(person, held.add(passing))
    passing.once('close', () => {
      held.delete(passing)
      if (held.size === 0 && this.#passing.get(person) === held) this.#passing.delete(person)
    })
  }

  /** Every role sees previews; who has none any more loses what is open. */
  changed({ person, role }: Pick<AccessChange, 'person' | 'role'>): void {
    if (role !== null) return
    for (const passing of this.#passing.get(person) ?? []) passing.destroy()
  }
}
