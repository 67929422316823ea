// The orchestrator's words with one runner: health, quiesce, resume. Each carries a token for that session alone.
import { Quiesced, RunnerHealth } from '../protocol/control.ts'
import type { SessionName, Tokens } from './access/tokens.ts'
import { ask } from './http-ask.ts'

/** A runner that is well answers in a few milliseconds. */
const healthSilentMs = 2_000
/** Ending programs, a last ingest and a snapshot of everything; longer than any of these should take. */
const quiesceSilentMs = 60_000

export type RunnerControl = {
  /** Null when it does not answer, or is not this session's. */
  health(session: SessionName, door: { socket: string }): Promise<RunnerHealth | null>
  quiesce(session: SessionName, door: { socket: string }, say: string): Promise<{ seq: number }>
  resume(session: SessionName, door: { socket: string }): Promise<void>
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
  }
}
