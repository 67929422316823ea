// How much the programs of one box have written, and who wrote much just now. Looks at no disk.
import { keyOf, type Member } from './members.ts'
import { isOurs, writtenBy } from './use.ts'

/** Bytes between two looks that make a writer: less than that is somebody saving a file. */
const writerBytes = 256 * 1024

export class Written {
  /** Bytes since we began to look; what a program wrote counts on when it has ended. */
  total = 0
  /** A person's programs that wrote much since the look before the last. */
  writers: Member[] = []
  #before = new Map<string, number>()

  async look(members: Member[]): Promise<void> {
    const now = new Map<string, number>()
    const writers = []
    for (const member of members) {
      const bytes = await writtenBy(member.pid)
      const more = Math.max(0, bytes - (this.#before.get(keyOf(member)) ?? 0))
      now.set(keyOf(member), bytes)
      this.total += more
      if (more >= writerBytes && !(await isOurs(member.pid))) writers.push(member)
    }
    this.#before = now
    this.writers = writers
  }
}
