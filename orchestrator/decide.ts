// What to do about one repl, from its record and what is seen of its sandbox. Pure: acts on nothing, remembers nothing.
import { restartDelay } from './delays.ts'
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
  health: { linkReady: boolean; boxReady: boolean; seq: number } | null
}

export type Action =
  /** Write this to the ledger; what follows in the list is done only when it was written. */
  | { do: 'move'; to: Patch }
  | { do: 'reserve' | 'place' | 'restore' | 'boot' | 'join' }
  | { do: 'quiesce' | 'end-box' | 'end' | 'flush' | 'verify' | 'release' | 'resume' }
  /** Move what is left of a broken sandbox out of the way, deleting nothing. */
  | { do: 'set-aside' }
  | { do: 'purge' }

/** A phase begins without the troubles of the one before. */
export const clean: Patch = { attempts: 0, reason: null, deadline: null, flushed: null }

export type Effect = Exclude<Action, { do: 'move' }>

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
      return startFailed(record, observed, now)
    case 'RUNNING':
    case 'DEGRADED':
      return record.desired === 'running'
        ? up(record, observed, now)
        : [beginStop(now, observed.health?.seq ?? record.seq)]
    case 'RECOVERING':
      return isEarly(record, now)
        ? []
        : [{ do: 'set-aside' }, beginStart(record, now, { unflushed: false, reason: record.reason })]
    case 'QUIESCING':
      return quiescing(record, observed)
    case 'FLUSHING':
      return flushing(record, observed)
    case 'VERIFYING':
      return record.flushed === null ? [{ do: 'move', to: { phase: 'FLUSHING' } }] : [{ do: 'verify' }]
    case 'FLUSH_FAILED':
      return flushFailed(record, observed, now)
    case 'RELEASING':
      return releasing(record, now)
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
  const to: Patch = { ...clean, quiesced: false, runnerKey: null, level: null, begunAt: now }
  return {
    do: 'move',
    to: { ...to, phase: 'STARTING', step: 'reserve', answered: record.asks, ...more },
  }
}

function beginStop(now: number, seq: number): Action {
  return {
    do: 'move',
    to: { ...clean, phase: 'QUIESCING', seq, quiesced: false, begunAt: now },
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
    ? beginStop(now, record.seq)
    : { do: 'move', to: { ...clean, phase: 'RELEASING', step: null } }
}

/** Nothing of it runs on uncounted: what was written is in its folders, and the next start or stop takes it from there. */
function startFailed(record: ReplRecord, observed: Observed, now: number): Action[] {
  if (record.desired !== 'running') return [abandonStart(record, now)]
  if (record.asks > record.answered) return [beginStart(record, now)]
  return (observed.runner || observed.box) && !isEarly(record, now) ? [{ do: 'end' }] : []
}

function up(record: ReplRecord, observed: Observed, now: number): Action[] {
  if (!observed.workspace || !observed.state)
    return [
      move('RECOVERING', 'The folders of this session are gone. They are brought back from the last backup.'),
    ]
  const fault = faultOf(observed)
  if (fault === null) return well(record, now)
  // Why it was started again stays to be read until all is well: that the new one is not ready yet says less.
  const isTold = fault === record.reason || (!isDead(observed) && isOfRestart(record.reason))
  return isTold ? restartWhenDue(record, observed, now) : [noteFault(record, fault, { observed, now })]
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
  if (isEarly(record, now)) return []
  const to: Patch = {
    attempts: record.attempts + 1,
    reason: restartedOf(observed),
    deadline: now + unresponsiveMs,
  }
  const begin: Action = { do: 'move', to: { phase: 'DEGRADED', ...to } }
  return isDead(observed) ? [begin, { do: 'boot' }] : [begin, { do: 'end' }, { do: 'boot' }]
}

function isDead(observed: Observed): boolean {
  return !observed.runner || !observed.box
}

/** As `unresponsiveMs` has it. */
const afterAMinute =
  'If that lasts a minute, the session is started again and programs in terminals are ended.'

function faultOf(observed: Observed): string | null {
  if (!observed.runner && !observed.box)
    return 'The runner and the programs of this session ended unexpectedly. Both are being started again. What you typed is kept.'
  if (!observed.runner)
    return 'The runner ended unexpectedly and is being started again. What you typed is kept.'
  if (!observed.box)
    return 'The programs of this session ended unexpectedly. New terminals will be ready in a moment.'
  if (observed.health === null) return `The runner does not answer just now. ${afterAMinute}`
  if (!observed.health.boxReady) return `Terminals are being connected again. ${afterAMinute}`
  if (!observed.health.linkReady)
    return `The runner is connecting to the room again. Edits wait in your page. ${afterAMinute}`
  return null
}

/** Of a restart by what had died. */
export const restarted = {
  runner: 'The runner ended unexpectedly and has been started again. What you typed is kept.',
  box: 'The programs of this session ended unexpectedly. New terminals are being made ready.',
  both: 'The runner and the programs of this session ended unexpectedly and have been started again. What you typed is kept.',
  silentBox:
    'The terminals did not answer for a minute: the programs in them were ended. What you typed in files is kept.',
  silentRunner:
    'The runner did not answer for a minute and has been started again; programs in terminals were ended. What you typed is kept.',
  lostRoom:
    'The room could not be reached for a minute, so the session has been started again; programs in terminals were ended. What you typed is kept.',
} as const

const isOfRestart = (reason: string | null): boolean =>
  Object.values<string | null>(restarted).includes(reason)

/** Said from the moment of a restart until all is well; other words than faultOf's, so that a new death is seen as one. */
function restartedOf(observed: Observed): string {
  if (!observed.runner && !observed.box) return restarted.both
  if (!observed.runner) return restarted.runner
  if (!observed.box) return restarted.box
  if (observed.health?.boxReady === false) return restarted.silentBox
  return observed.health === null ? restarted.silentRunner : restarted.lostRoom
}

function quiescing(record: ReplRecord, observed: Observed): Action[] {
  if (!record.unflushed) return [move('RELEASING', null)]
  if (record.quiesced || !observed.runner || record.attempts >= quiesceAttempts)
    return [{ do: 'move', to: { phase: 'FLUSHING', reason: null, attempts: 0 } }]
  // What did not end when it was asked to is ended: then the runner takes in the last of it in order.
  return record.attempts === 0 ? [{ do: 'quiesce' }] : [{ do: 'end-box' }, { do: 'quiesce' }]
}

function flushing(record: ReplRecord, observed: Observed): Action[] {
  if (!record.unflushed) return [move('RELEASING', record.reason)]
  // Flushing what is not there would make an empty commit out of somebody's work.
  if (!observed.workspace || !observed.state) {
    const reason = 'The folders of this session were removed from the disk. The last backup is kept.'
    return [
      { do: 'set-aside' },
      { do: 'move', to: { ...clean, phase: 'RELEASING', unflushed: false, reason } },
    ]
  }
  // A box that died may have left programs behind that still write.
  return record.quiesced && observed.box ? [{ do: 'flush' }] : [{ do: 'end' }, { do: 'flush' }]
}

function flushFailed(record: ReplRecord, observed: Observed, now: number): Action[] {
  // Somebody wants to go on working: the sandbox still has everything, so it is taken up again.
  if (record.desired === 'running' && record.asks > record.answered)
    return observed.runner && observed.box ? [{ do: 'resume' }] : [beginStart(record, now)]
  if (isEarly(record, now)) return []
  return [{ do: 'move', to: { phase: 'FLUSHING', flushed: null } }]
}

function releasing(record: ReplRecord, now: number): Action[] {
  if (isEarly(record, now)) return []
  return record.unflushed ? [move('FLUSHING', null)] : [{ do: 'release' }]
}

function tombstone(now: number): Action {
  return { do: 'move', to: { phase: 'DELETED', reason: null, deadline: now + tombstoneMs } }
}

function deleted(record: ReplRecord, now: number): Action[] {
  if (record.desired !== 'deleted') return [{ do: 'move', to: { phase: 'STOPPED', deadline: null } }]
  return isEarly(record, now) ? [] : [{ do: 'purge' }]
}

function isEarly(record: ReplRecord, now: number): boolean {
  return record.deadline !== null && now < record.deadline
}

function move(phase: ReplRecord['phase'], reason: string | null): Action {
  return { do: 'move', to: { phase, reason, deadline: null } }
}
