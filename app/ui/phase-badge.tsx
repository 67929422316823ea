// The phase of a repl as a word with a mark; the mark differs by shape, not by colour alone.
import { clsx } from 'clsx'
import type { Phase } from '../../protocol/repl.ts'
import { phaseWords, type Tone } from './phase.ts'

const inks: Record<Tone, string> = {
  ok: 'text-ok',
  moving: 'text-accent',
  warn: 'text-warn',
  bad: 'text-bad',
  idle: 'text-muted',
}

/** A disc (runs), a half disc (on its way), a triangle (trouble), a ring (at rest). */
export function PhaseMark({ tone }: { tone: Tone }) {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden className={clsx('shrink-0', inks[tone])}>
      {tone === 'ok' && <circle cx="5" cy="5" r="4" fill="currentColor" />}
      {tone === 'idle' && (
        <circle cx="5" cy="5" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
      )}
      {tone === 'moving' && (
        <>
          <circle cx="5" cy="5" r="3.25" fill="none" stroke="currentColor" strokeWidth="1.5" />
          <path d="M5 1.75a3.25 3.25 0 0 1 0 6.5z" fill="currentColor" />
        </>
      )}
      {(tone === 'bad' || tone === 'warn') && <path d="M5 1 9.5 9h-9z" fill="currentColor" />}
    </svg>
  )
}

interface PhaseBadgeProps {
  phase: Phase
  /** Replaces the phase's own word, for example a step that is running. */
  say?: string
}

export function PhaseBadge({ phase, say }: PhaseBadgeProps) {
  const words = phaseWords(phase)
  return (
    <span
      data-badge={phase}
      className={clsx('inline-flex items-center gap-1.5 whitespace-nowrap', inks[words.tone])}
    >
      <PhaseMark tone={words.tone} />
      {say ?? words.say}
    </span>
  )
}
