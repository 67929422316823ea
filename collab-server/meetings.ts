// All repls that are live here, each with its meeting.
import type { AccessChange } from '../protocol/access.ts'
import { closeCode } from '../protocol/document.ts'
import type { LinkEvents } from './link.ts'
import type { Meeting } from './meeting.ts'

/** Meetings by repl, made at the first socket and forgotten when nothing of them is live. */
export class Meetings {
  readonly #byRepl = new Map<string, Meeting>()
  readonly #make: (repl: string) => Meeting
  /** Highest generation of each repl that has had a link here: outlives its meeting. */
  readonly #generations = new Map<string, number>()

  constructor(make: (repl: string) => Meeting) {
    this.#make = make
  }

  of(repl: string): Meeting {
    const meeting = this.#byRepl.get(repl) ?? this.#make(repl)
    this.#byRepl.set(repl, meeting)
    return meeting
  }

  /** The highest generation whose runner was ever attached here, or -1. */
  generationOf(repl: string): number {
    return this.#generations.get(repl) ?? -1
  }

  /** Somebody's role has changed: holds at once for whoever is here. */
  changed(change: AccessChange): void {
    this.#byRepl.get(change.repl)?.changed(change)
  }

  /** A link finds its meeting anew each time: one without a peer may be forgotten while the link still proves itself. */
  linkEvents(repl: string): LinkEvents {
    return {
      generation: this.generationOf(repl),
      attached: (link) => {
        this.#generations.set(repl, link.claims.gen)
        this.of(repl).attached(link)
      },
      detached: (link) => this.of(repl).detached(link),
      message: (message, payload) => this.of(repl).message(message, payload),
    }
  }

  tick(now: number): void {
    for (const [repl, meeting] of this.#byRepl) {
      meeting.tick(now)
      if (meeting.isDone) this.#byRepl.delete(repl)
    }
  }

  close(): void {
    for (const meeting of this.#byRepl.values())
      meeting.close(closeCode.goingAway, 'The server is restarting.')
  }
}
