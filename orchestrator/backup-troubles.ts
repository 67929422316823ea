// Backups that fail again and again, written into the repl's record for its people to read; a single failure is nobody's business.
import type { Logger } from 'pino'
import type { BackupTrouble } from '../protocol/repl.ts'
import type { SessionName } from './access/tokens.ts'
import type { Clock } from './clock.ts'
import type { Table } from './ledger/table.ts'
import type { ReplRecord } from './record.ts'

/** Failures are told once they go on for this long: a process that is started again is back before. */
const toldAfterMs = 5_000

type Parts = { repls: Table<ReplRecord>; clock: Clock; log: Logger }

export class BackupTroubles {
  readonly #parts: Parts
  /** When the first failure of an unbroken row was, by session. */
  readonly #since = new Map<string, number>()
  /** Writes follow each other in the order of what they tell. */
  #turn: Promise<void> = Promise.resolve()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Nothing more is heard of this session. */
  forget(session: SessionName): void {
    this.#since.delete(nameOf(session))
  }

  /** `say`: why, a whole sentence. */
  async failed(session: SessionName, say: string): Promise<void> {
    const now = this.#parts.clock.now()
    const since = this.#since.get(nameOf(session)) ?? now
    this.#since.set(nameOf(session), since)
    if (now - since >= toldAfterMs) await this.#write(session, { since, say: say.slice(0, 500) })
  }

  async well(session: SessionName): Promise<void> {
    this.forget(session)
    await this.#write(session, null)
  }

  /** What the record says already is not written again. A ledger that cannot write has troubles of its own. */
  #write({ repl, generation }: SessionName, trouble: BackupTrouble | null): Promise<void> {
    const next = trouble === null ? null : { ...trouble, generation }
    const isNews = (now: ReplRecord): boolean =>
      now.generation === generation && JSON.stringify(now.backupTrouble) !== JSON.stringify(next)
    const { repls, log } = this.#parts
    const write = async (): Promise<void> => {
      const record = (await repls.get(repl))?.value
      if (record === undefined || !isNews(record)) return
      await repls.change(repl, (now) => (isNews(now) ? { ...now, backupTrouble: next } : now))
    }
    this.#turn = this.#turn
      .then(write)
      .catch((thrown: unknown) =>
        log.error({ repl, generation, err: thrown }, 'the state of the backups could not be written'),
      )
    return this.#turn
  }
}

const nameOf = ({ repl, generation }: SessionName): string => `${repl} ${generation}`
