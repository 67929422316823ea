// Phases in words: what a person is told, how it looks, and what may be pressed. Decides nothing about repls.
import type { Phase, Repl } from '../../protocol/repl.ts'

export type Tone = 'ok' | 'moving' | 'bad' | 'warn' | 'idle'

const words: Record<Phase, { say: string; tone: Tone }> = {
  CREATED: { say: 'New', tone: 'idle' },
  STARTING: { say: 'Starting', tone: 'moving' },
  RUNNING: { say: 'Running', tone: 'ok' },
  DEGRADED: { say: 'Running with trouble', tone: 'warn' },
  RECOVERING: { say: 'Recovering', tone: 'moving' },
  QUIESCING: { say: 'Stopping', tone: 'moving' },
  FLUSHING: { say: 'Backing up', tone: 'moving' },
  VERIFYING: { say: 'Checking the backup', tone: 'moving' },
  FLUSH_FAILED: { say: 'Backup failed', tone: 'bad' },
  RELEASING: { say: 'Stopping', tone: 'moving' },
  START_FAILED: { say: 'Start failed', tone: 'bad' },
  STOPPED: { say: 'Stopped', tone: 'idle' },
  DELETING: { say: 'Deleting', tone: 'moving' },
  DELETED: { say: 'Deleted', tone: 'idle' },
}

export function phaseWords(phase: Phase): { say: string; tone: Tone } {
  return words[phase]
}

/** What people are shown: a repl on its way to its end is being deleted, whatever has to be done before. */
export function shownPhase({ phase, desired }: Pick<Repl, 'phase' | 'desired'>): Phase {
  const saysItself = phase === 'DELETED' || phase === 'FLUSH_FAILED'
  return desired === 'deleted' && !saysItself ? 'DELETING' : phase
}

const stopping: ReadonlySet<Phase> = new Set<Phase>([
  'QUIESCING',
  'FLUSHING',
  'VERIFYING',
  'FLUSH_FAILED',
  'RELEASING',
])

/** Is the session on its way down? */
export const isStopping = (phase: Phase): boolean => stopping.has(phase)

/** May people work in it: are its doors open? */
export const isOpen = (phase: Phase): boolean => phase === 'RUNNING' || phase === 'DEGRADED'

/** Will the phase change by itself soon? Pages then look closely. */
export function isMoving(repl: Repl): boolean {
  const { phase, desired } = repl
  if (phase === 'FLUSH_FAILED') return true
  if (words[phase].tone === 'moving') return true
  if (desired === 'running') return !isOpen(phase) && phase !== 'START_FAILED'
  if (desired === 'stopped') return isOpen(phase)
  return phase !== 'DELETED'
}
