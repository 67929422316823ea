// All repls that are live here, each with its meeting.
import { closeCode } from '../protocol/document.ts'
import type { Meeting } from './meeting.ts'

/** Meetings by repl, made at the first socket and forgotten when nothing of them is live. */
export class Meetings {
  readonly #byRepl = new Map<string, Meeting>()
  readonly #make: (repl: string) => Meeting

  constructor(make: (repl: string) => Meeting) {
    this.#make = make
  }

  of(repl: string): Meeting {
    const meeting = this.#byRepl.get(repl) ?? this.#make(repl)
    this.#byRepl.set(repl, meeting)
    return meeting
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
