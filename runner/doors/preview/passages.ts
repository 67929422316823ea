// Whoever looks at a preview now, by websocket or a long answer too: ends the ways of those who may not any more. Opens none.
import type { Duplex } from 'node:stream'
import { can } from '../../../protocol/access.ts'
import { maySee, usualVisibility, type PreviewRules } from '../../../protocol/preview.ts'
import type { Rules } from './rules.ts'

/** Milliseconds between looks while somebody is here: with the age of the rules a change is felt within a second. */
const lookMs = 450

/** `person`: null for somebody we do not know. */
export type Visit = { person: string | null; port: number }

export function maySeeNow(rules: PreviewRules, { person, port }: Visit): boolean {
  const role = person === null ? null : (rules.members[person] ?? null)
  return maySee(rules.ports[port] ?? usualVisibility, role) && (role === null || can(role, 'preview.see'))
}

export class OpenPassages {
  readonly #rules: Rules
  readonly #open = new Map<Duplex, Visit>()
  #timer: NodeJS.Timeout | undefined

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** Watches a stream to a program until it closes. */
  keep(visit: Visit, stream: Duplex): void {
    this.#open.set(stream, visit)
    stream.once('close', () => this.#leave(stream))
    this.#timer ??= setInterval(() => void this.#look(), lookMs).unref()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    for (const stream of this.#open.keys()) stream.destroy()
  }

  #leave(stream: Duplex): void {
    this.#open.delete(stream)
    if (this.#open.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** While the rules are unknown nobody comes in, and who is in stays. */
  async #look(): Promise<void> {
    const rules = await this.#rules.now()
    if (rules === null) return
    for (const [stream, visit] of this.#open) if (!maySeeNow(rules, visit)) stream.destroy()
  }
}
