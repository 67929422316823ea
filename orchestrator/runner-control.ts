// The orchestrator's words with one runner: health, quiesce, resume, changed roles, kept work. Each carries a token for that session alone.
import type { AccessChange } from '../protocol/access.ts'
import { Quiesced, RunnerHealth } from '../protocol/control.ts'
import { TookKept } from '../protocol/repl.ts'
import type { SessionName, Tokens } from './access/tokens.ts'
import { ask } from './http-ask.ts'

/** A runner that is well answers in a few milliseconds. */
const healthSilentMs = 2_000
/** Ending programs, a last ingest and a snapshot of everything; longer than any of these should take. */
const quiesceSilentMs = 60_000
/** Merging some ten MiB of edits and writing as many files, amply. */
const keptSilentMs = 60_000

export type RunnerControl = {
  /** Null when it does not answer, or is not this session's. */
  health(session: SessionName, door: { socket: string }): Promise<RunnerHealth | null>
  quiesce(session: SessionName, door: { socket: string }, say: string): Promise<{ seq: number }>
  resume(session: SessionName, door: { socket: string }): Promise<void>
  /** `frame`: KeptWork and its bytes. */
  kept(session: SessionName, door: { socket: string }, frame: Uint8Array): Promise<TookKept>
  /** Resolves when the changes hold for everybody connected. */
  access(session: SessionName, door: { socket: string }, changes: AccessChange[]): Promise<void>
  /** Gives it a later certificate. */
  certify(session: SessionName, door: { socket: string }, certificate: string): Promise<void>
}

export function runnerControl(tokens: Pick<Tokens, 'control'>): RunnerControl {
  const question = async (session: SessionName, at: { socket: string }, what: string) => ({
    at,
    path: `/r/${session.repl}/control/${what}`,
    bearer: await tokens.control(session),
  })
  return {
    async health(session, door) {
      const asked = await question(session, door, 'health')
      const answer = await ask({ ...asked, method: 'GET', silentMs: healthSilentMs }).catch(() => null)
      const health = RunnerHealth.safeParse(answer)
      if (!health.success) return null
      const isOurs = health.data.repl === session.repl && health.data.generation === session.generation
      return isOurs ? health.data : null
    },
    async quiesce(session, door, say) {
      const asked = await question(session, door, 'quiesce')
      return Quiesced.parse(await ask({ ...asked, method: 'POST', body: { say }, silentMs: quiesceSilentMs }))
    },
    async certify(session, door, certificate) {
      const asked = await question(session, door, 'certify')
      await ask({ ...asked, method: 'POST', body: { certificate }, silentMs: healthSilentMs })
    },
    async resume(session, door) {
      const asked = await question(session, door, 'resume')
      await ask({ ...asked, method: 'POST', body: {}, silentMs: healthSilentMs })
    },
    async kept(session, door, frame) {
      const asked = await question(session, door, 'kept')
      return TookKept.parse(await ask({ ...asked, method: 'POST', body: frame, silentMs: keptSilentMs }))
    },
    async access(session, door, changes) {
      const asked = await question(session, door, 'access')
      await ask({ ...asked, method: 'POST', body: { changes }, silentMs: healthSilentMs })
    },
  }
}
