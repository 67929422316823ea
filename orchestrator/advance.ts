// What a repl's record becomes after an action succeeded or failed. Pure; what is done next is decided in decide.ts.
import { clean, type Effect } from './decide.ts'
import { flushDelay } from './delays.ts'
import type { Patch, ReplRecord } from './record.ts'

/** What to write after an action came to its end; null when the action itself changes no phase. */
export function succeeded(record: ReplRecord, effect: Effect, now: number): Patch | null {
  switch (effect.do) {
    case 'reserve':
      return { step: 'place' }
    case 'place':
      return { step: 'restore' }
    case 'restore':
      // Before boot, because a runner writes from its first moment.
      return { step: 'boot', unflushed: true }
    case 'boot':
      return record.phase === 'STARTING' ? { step: 'join' } : null
    case 'join':
      return { phase: 'RUNNING', step: null, attempts: 0, reason: null, changedAt: now }
    case 'quiesce':
      return { phase: 'FLUSHING', quiesced: true, attempts: 0 }
    case 'flush':
      return { phase: 'VERIFYING' }
    case 'verify':
      return { ...clean, phase: 'RELEASING', unflushed: false, committedAt: now }
    case 'release':
      return {
        phase: 'STOPPED',
        step: null,
        attempts: 0,
        runnerKey: null,
        level: null,
        changedAt: now,
        deadline: null,
      }
    case 'resume':
      return {
        phase: 'RUNNING',
        attempts: 0,
        reason: null,
        deadline: null,
        quiesced: false,
        answered: record.asks,
      }
    default:
      return null
  }
}

/** What to write after an action failed; `why` is a whole sentence. */
export function failed(record: ReplRecord, why: string, now: number): Patch {
  const attempts = record.attempts + 1
  switch (record.phase) {
    case 'STARTING':
      return { phase: 'START_FAILED', reason: why, attempts, changedAt: now }
    case 'QUIESCING':
      return { attempts, reason: why }
    case 'FLUSHING':
    case 'VERIFYING':
      return {
        phase: 'FLUSH_FAILED',
        reason: why,
        attempts,
        flushed: null,
        deadline: now + flushDelay(attempts),
      }
    case 'START_FAILED':
      // Only the ending of what was left of it; why the start failed stays said.
      return { attempts, deadline: now + flushDelay(attempts) }
    case 'FLUSH_FAILED':
      return { answered: record.asks, reason: why }
    case 'DEGRADED':
      // Counted when it was begun; the next look sets the delay.
      return { reason: why }
    default:
      return { attempts, reason: why, deadline: now + flushDelay(attempts) }
  }
}
