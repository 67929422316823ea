// What to do about one repl, from its record and what is seen of its sandbox. Pure: acts on nothing, remembers nothing.
import type { Patch, ReplRecord } from './record.ts'

/** What is seen of a session just now. */
export type Observed = {
  /** True when the folder is there. */
  workspace: boolean
  state: boolean
  /** True while the process lives, was started for this generation and knows our present addresses. */
  runner: boolean
  box: boolean
  /** The runner's own answer, null when it gives none. */
  health: { linkReady: boolean; boxReady: boolean } | null
}

export type Action =
  /** Write this to the ledger; what follows in the list is done only when it was written. */
  | { do: 'move'; to: Patch }
  | { do: 'reserve' | 'place' | 'restore' | 'boot' | 'join' }
  | { do: 'quiesce' | 'end' | 'flush' | 'verify' | 'release' | 'resume' }
  /** Move what is left of a broken sandbox out of the way, deleting nothing. */
  | { do: 'set-aside' }
  | { do: 'purge' }

export type Effect = Exclude<Action, { do: 'move' }>

/** Delays double from the first to the last; a broken store or a crashing program is asked less and less often. */
const flushDelayMs = { first: 2_000, last: 300_000 }
const restartDelayMs = { first: 500, last: 30_000 }
/** A runner that lives but does not answer, or has no link, for this long is started again. */
export const unresponsiveMs = 60_000
/** Faults of a session that has been well for this long no longer lengthen the next delay. */
const forgivenMs = 60_000
/** Quiesce is asked this often before the session is ended without it: all that was acknowledged is in the log. */
const quiesceAttempts = 3
/** A deleted repl can be brought back for this long. */
export const tombstoneMs = 7 * 24 * 3600 * 1000

export function decide(record: ReplRecord, observed: Observed, now: number): Action[] {
  switch (record.phase) {
    case 'CREATED':
    case 'STOPPED':
      return atRest(record, now)
    case 'STARTING':
      return record.desired === 'running' ? nextStep(record, observed) : [abandonStart(record, now)]
    case 'START_FAILED':
      return startFailed(record, now)
    case 'RUNNING':
    case 'DEGRADED':
      return record.desired === 'running' ? up(record, observed, now) : [beginStop(now)]
    case 'RECOVERING':
      return [{ do: 'set-aside' }, beginStart(record, now, { unflushed: false })]
    case 'QUIESCING':
      return quiescing(record, observed)
    case 'FLUSHING':
      return flushing(record, observed)
    case 'VERIFYING':
      return record.flushed === null ? [{ do: 'move', to: { phase: 'FLUSHING' } }] : [{ do: 'verify' }]
    case 'FLUSH_FAILED':
      return flushFailed(record, observed, now)
    case 'RELEASING':
      return releasing(record)
    case 'DELETING':
      return record.desired === 'deleted' ? [tombstone(now)] : [{ do: 'move', to: { phase: 'STOPPED' } }]
    case 'DELETED':
      return deleted(record, now)
  }
}

function atRest(record: ReplRecord, now: number): Action[] {
  if (record.desired === 'running') return [beginStart(record, now)]
  if (record.desired === 'deleted') return [{ do: 'move', to: { phase: 'DELETING', reason: null } }]
  return []
}

function beginStart(record: ReplRecord, now: number, more: Patch = {}): Action {
  const clean: Patch = {
    attempts: 0,
    deadline: null,
    quiesced: false,
    flushed: null,
    runnerKey: null,
    level: null,
  }
  const to: Patch = {
    ...clean,
    phase: 'STARTING',
    step: 'reserve',
    reason: null,
    answered: record.asks,
    begunAt: now,
  }
  return { do: 'move', to: { ...to, ...more } }
}

function beginStop(now: number): Action {
  return {
    do: 'move',
    to: { phase: 'QUIESCING', attempts: 0, deadline: null, quiesced: false, flushed: null, begunAt: now },
  }
}

function nextStep(record: ReplRecord, observed: Observed): Action[] {
  const step = record.step ?? 'reserve'
  // Folders that hold unflushed work are started from as they are; only when they are gone is the last commit brought back.
  if (step === 'restore' && record.unflushed && observed.workspace && observed.state)
    return [{ do: 'move', to: { step: 'boot' } }]
  if (step === 'restore' && record.unflushed) return [{ do: 'set-aside' }, { do: 'restore' }]
  // A runner that fell out of life between boot and join is booted again.
  if (step === 'join' && !(observed.runner && observed.box)) return [{ do: 'boot' }, { do: 'join' }]
  return [{ do: step }]
}

/** A start called off before anything could be written holds only a copy of the last commit. */
function abandonStart(record: ReplRecord, now: number): Action {
  return record.unflushed
    ? beginStop(now)
    : { do: 'move', to: { phase: 'RELEASING', step: null, reason: null } }
}

function startFailed(record: ReplRecord, now: number): Action[] {
  if (record.desired !== 'running') return [abandonStart(record, now)]
  return record.asks > record.answered ? [beginStart(record, now)] : []
}

function up(record: ReplRecord, observed: Observed, now: number): Action[] {
  if (!observed.workspace || !observed.state)
    return [move('RECOVERING', 'The folders of this session are gone. Going back to the last backup.')]
  const fault = faultOf(observed)
  if (fault === null) return well(record, now)
  return fault === record.reason
    ? restartWhenDue(record, observed, now)
    : [noteFault(record, fault, { observed, now })]
}

/** A session that has been well for a while is forgiven its earlier faults; until then the next delay is longer. */
function well(record: ReplRecord, now: number): Action[] {
  const isForgiven = record.attempts > 0 && record.deadline !== null && now >= record.deadline
  if (record.phase === 'RUNNING')
    return isForgiven ? [{ do: 'move', to: { attempts: 0, deadline: null } }] : []
  return [{ do: 'move', to: { phase: 'RUNNING', reason: null, deadline: now + forgivenMs } }]
}

/** Written when a fault is first seen, and again when it turns into another: how long it is borne depends on which. */
function noteFault(record: ReplRecord, fault: string, seen: { observed: Observed; now: number }): Action {
  const borne =
    record.phase === 'DEGRADED' && record.deadline !== null ? record.deadline : seen.now + unresponsiveMs
  const deadline = isDead(seen.observed) ? seen.now + restartDelay(record.attempts) : borne
  return { do: 'move', to: { phase: 'DEGRADED', reason: fault, deadline } }
}

function restartWhenDue(record: ReplRecord, observed: Observed, now: number): Action[] {
  if (record.deadline !== null && now < record.deadline) return []
  const to: Patch = {
    attempts: record.attempts + 1,
    reason: 'Starting again.',
    deadline: now + unresponsiveMs,
  }
  const begin: Action = { do: 'move', to: { phase: 'DEGRADED', ...to } }
  return isDead(observed) ? [begin, { do: 'boot' }] : [begin, { do: 'end' }, { do: 'boot' }]
}

function isDead(observed: Observed): boolean {
  return !observed.runner || !observed.box
}

function faultOf(observed: Observed): string | null {
  if (!observed.runner)
    return 'The runner ended unexpectedly and is being started again. What you typed is kept.'
  if (!observed.box)
    return 'The programs of this session ended unexpectedly. New terminals will be ready in a moment.'
  if (observed.health === null) return 'The runner does not answer just now.'
  if (!observed.health.boxReady) return 'Terminals are being connected again.'
  if (!observed.health.linkReady)
    return 'The runner is connecting to the room again. Edits wait in your page.'
  return null
}

function quiescing(record: ReplRecord, observed: Observed): Action[] {
  if (!record.unflushed) return [move('RELEASING', null)]
  if (record.quiesced || !observed.runner || record.attempts >= quiesceAttempts)
    return [{ do: 'move', to: { phase: 'FLUSHING', reason: null, attempts: 0 } }]
  return [{ do: 'quiesce' }]
}

function flushing(record: ReplRecord, observed: Observed): Action[] {
  if (!record.unflushed) return [move('RELEASING', record.reason)]
  // Flushing what is not there would make an empty commit out of somebody's work.
  if (!observed.workspace || !observed.state) {
    const reason = 'The folders of this session were removed from the disk. The last backup is kept.'
    return [{ do: 'set-aside' }, { do: 'move', to: { phase: 'RELEASING', unflushed: false, reason } }]
  }
  if (record.quiesced || !(observed.runner || observed.box)) return [{ do: 'flush' }]
  return [{ do: 'end' }, { do: 'flush' }]
}

function flushFailed(record: ReplRecord, observed: Observed, now: number): Action[] {
  // Somebody wants to go on working: the sandbox still has everything, so it is taken up again.
  if (record.desired === 'running' && record.asks > record.answered)
    return observed.runner && observed.box ? [{ do: 'resume' }] : [beginStart(record, now)]
  if (record.deadline !== null && now < record.deadline) return []
  return [{ do: 'move', to: { phase: 'FLUSHING', flushed: null } }]
}

function releasing(record: ReplRecord): Action[] {
  return record.unflushed ? [move('FLUSHING', null)] : [{ do: 'release' }]
}

function tombstone(now: number): Action {
  return { do: 'move', to: { phase: 'DELETED', reason: null, deadline: now + tombstoneMs } }
}

function deleted(record: ReplRecord, now: number): Action[] {
  if (record.desired !== 'deleted') return [{ do: 'move', to: { phase: 'STOPPED', deadline: null } }]
  return record.deadline !== null && now >= record.deadline ? [{ do: 'purge' }] : []
}

function move(phase: ReplRecord['phase'], reason: string | null): Action {
  return { do: 'move', to: { phase, reason } }
}

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
      return {
        phase: 'RELEASING',
        unflushed: false,
        flushed: null,
        attempts: 0,
        reason: null,
        committedAt: now,
      }
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
    case 'FLUSH_FAILED':
      return { answered: record.asks, reason: why }
    case 'DEGRADED':
      // Counted when it was begun; the next look sets the delay.
      return { reason: why }
    default:
      return { attempts, reason: why, deadline: now + flushDelay(attempts) }
  }
}

function flushDelay(attempts: number): number {
  return growing(flushDelayMs, attempts - 1)
}

function restartDelay(attempts: number): number {
  return attempts === 0 ? 0 : growing(restartDelayMs, attempts - 1)
}

function growing(delay: { first: number; last: number }, doublings: number): number {
  return Math.min(delay.last, delay.first * 2 ** Math.min(30, Math.max(0, doublings)))
}
