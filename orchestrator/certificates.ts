// Gives each running session a later certificate once a day: a session may outlive one, and its link to the relay must not.
// Who made the first is effects.ts (boot).
import type { Logger } from 'pino'
import { asAppError } from '../protocol/errors.ts'
import type { Tokens } from './access/tokens.ts'
import type { Clock } from './clock.ts'
import type { Table } from './ledger/table.ts'
import type { ReplRecord } from './record.ts'
import type { RunnerControl } from './runner-control.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

/** Far below the time that a certificate holds, so that some days without an answer do no harm. */
export const certifyMs = 24 * 3600 * 1000

export type CertificateParts = {
  repls: Pick<Table<ReplRecord>, 'list'>
  sandbox: Pick<Sandbox, 'door'>
  control: Pick<RunnerControl, 'certify'>
  tokens: Pick<Tokens, 'certificate'>
  clock: Clock
  log: Logger
}

export class Certificates {
  readonly #parts: CertificateParts
  #callOff: () => void

  /** Those that ran already when we came are as old as they are: they are the first. */
  constructor(parts: CertificateParts) {
    this.#parts = parts
    this.#callOff = parts.clock.after(0, () => void this.#again())
  }

  close(): void {
    this.#callOff()
  }

  async #again(): Promise<void> {
    this.#callOff = this.#parts.clock.after(certifyMs, () => void this.#again())
    const rows = await this.#parts.repls.list().catch(() => [])
    for (const { value } of rows)
      if (value.phase === 'RUNNING' || value.phase === 'DEGRADED') await this.#certify(value)
  }

  async #certify({ id: repl, generation, runnerKey }: ReplRecord): Promise<void> {
    const { sandbox, control, tokens, log } = this.#parts
    const session = { repl, generation }
    if (runnerKey === null) return
    try {
      await control.certify(session, sandbox.door(repl), await tokens.certificate(session, runnerKey))
    } catch (thrown) {
      const error = asAppError(thrown)
      log.warn({ ...session, code: error.code, err: error.cause }, 'a session got no later certificate')
    }
  }
}
