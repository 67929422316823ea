// Has sync follow every running session, anew whenever that ends. What a backup is, sync knows; what a commit is, commits.ts.
import type { Logger } from 'pino'
import type { FollowProgress } from '../protocol/control.ts'
import { AppError, asAppError } from '../protocol/errors.ts'
import type { Phase } from '../protocol/repl.ts'
import { grantSeconds, type SessionName, type Tokens } from './access/tokens.ts'
import { type Clock, wait } from './clock.ts'
import { BackupTroubles } from './backup-troubles.ts'
import type { Commits } from './commits.ts'
import type { Table } from './ledger/table.ts'
import type { ReplRecord } from './record.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { SyncRequests } from './sync-requests.ts'

/** In these phases somebody may write. The flush that follows ends the following by itself. */
const followed: Phase[] = ['RUNNING', 'DEGRADED', 'QUIESCING']
/** Milliseconds before a following that ended is begun anew: sync is back soon after it died. */
const againMs = 1_000
/** A grant is renewed long before it ends. */
const renewMs = (grantSeconds / 2) * 1000

export type BackupParts = {
  repls: Table<ReplRecord>
  sandbox: Sandbox
  commits: Commits
  sync: SyncRequests
  tokens: Tokens
  apiUrl: () => string
  clock: Clock
  log: Logger
}

export class Backups {
  readonly #parts: BackupParts
  readonly #running = new Map<string, Promise<void>>()
  readonly #troubles: BackupTroubles
  readonly #end = new AbortController()
  readonly #endWatch: () => void

  constructor(parts: BackupParts) {
    this.#parts = parts
    this.#troubles = new BackupTroubles(parts)
    this.#endWatch = parts.repls.watch((_, record) => {
      if (record !== null) this.#consider(record)
    })
  }

  /** Takes up the sessions that run already. */
  async begin(): Promise<void> {
    for (const { value } of await this.#parts.repls.list()) this.#consider(value)
  }

  async close(): Promise<void> {
    this.#endWatch()
    this.#end.abort()
    await Promise.all(this.#running.values())
  }

  /** A following of an older generation is left alone: it is told by its first write, parks what it has, and ends. */
  #consider({ id, generation, phase }: ReplRecord): void {
    const name = `${id} ${generation}`
    if (this.#end.signal.aborted || this.#running.has(name) || !followed.includes(phase)) return
    const running = this.#whileRunning({ repl: id, generation }).finally(() => {
      this.#running.delete(name)
      this.#troubles.forget({ repl: id, generation })
    })
    this.#running.set(name, running)
  }

  async #whileRunning(session: SessionName): Promise<void> {
    const { clock, log } = this.#parts
    while (!this.#end.signal.aborted && (await this.#isRunning(session))) {
      try {
        await this.#followOnce(session)
      } catch (thrown) {
        const error = asAppError(thrown)
        if (this.#end.signal.aborted) return
        log.warn({ ...session, code: error.code, ...error.log, err: error.cause }, 'backups do not follow')
        await this.#troubles.failed(session, error.say)
      }
      await wait(clock, againMs)
    }
  }

  async #isRunning({ repl, generation }: SessionName): Promise<boolean> {
    const record = (await this.#parts.repls.get(repl))?.value
    return record?.generation === generation && followed.includes(record.phase)
  }

  async #followOnce(session: SessionName): Promise<void> {
    const { repls, sandbox, commits, sync, tokens, apiUrl, clock } = this.#parts
    const { head } = await commits.last(session.repl)
    const record = (await repls.get(session.repl))?.value
    // A store that lost what it held is not begun anew: it may only be out of reach.
    if (head === null && record?.committedAt != null)
      throw new AppError('unavailable', { say: 'The object store does not hold the last backup.' })
    const renewal = new AbortController()
    const callOff = clock.after(renewMs, () => renewal.abort())
    const { workspace, state } = await sandbox.place(session.repl)
    const request = {
      target: { api: apiUrl(), grant: await tokens.grant(session), ...session },
      workspace,
      state,
      seq: record?.seq ?? 0,
      ...(head === null ? {} : { parent: { key: head.manifest, sha256: head.sha256 } }),
      log: await commits.nextLog(session.repl, session.generation),
    }
    const signal = AbortSignal.any([this.#end.signal, renewal.signal])
    try {
      await sync.follow(request, { signal, told: (progress) => this.#heard(session, progress) })
    } finally {
      callOff()
    }
  }

  #heard(session: SessionName, progress: FollowProgress): void {
    const { log } = this.#parts
    if (progress.told === 'trouble') void this.#troubles.failed(session, progress.say)
    if (progress.told === 'well') void this.#troubles.well(session)
    if (progress.told === 'trouble' || progress.told === 'fenced')
      log.warn({ ...session, ...progress }, progress.say)
    else log.debug({ ...session, ...progress }, 'a backup')
  }
}
