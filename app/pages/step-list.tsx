// The steps of a start or stop, as they were told, with true times. Shows; decides nothing.
import { clsx } from 'clsx'
import { Check, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { PhaseMark } from '../ui/phase-badge.tsx'
import { durationWords } from '../ui/time.tsx'
import type { Run, ShownStep } from './steps.ts'

/** Milliseconds between two ticks of a running step's clock: tenths are shown below ten seconds. */
const tickMs = 100
/** After this many milliseconds in one step a person is told that it is slow. */
const slowMs = 15_000

/** The server's clock, guessed by the offset seen when the page was made. */
function useServerClock(offsetMs: number, running: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => setNow(Date.now()), tickMs)
    return () => clearInterval(timer)
  }, [running])
  return now + offsetMs
}

function StepMark({ state }: { state: ShownStep['state'] }) {
  if (state === 'done') return <Check size={14} className="text-ok" aria-label="Done" />
  if (state === 'failed') return <X size={14} className="text-bad" aria-label="Failed" />
  return (
    <span role="img" aria-label="Running">
      <PhaseMark tone="moving" />
    </span>
  )
}

function StepRow({ shown, now }: { shown: ShownStep; now: number }) {
  const elapsed = shown.ms ?? now - shown.since
  const running = shown.state === 'begun'
  return (
    <li data-step={shown.step} data-state={shown.state} className="flex items-start gap-3 py-1.5">
      <span className="mt-0.5 flex size-4 shrink-0 items-center justify-center">
        <StepMark state={shown.state} />
      </span>
      <span
        className={clsx(
          'min-w-0 flex-1 wrap-anywhere',
          shown.state === 'failed' && 'text-bad',
          shown.state === 'done' && 'text-muted',
        )}
      >
        {shown.say}
        {running && elapsed > slowMs && (
          <span className="block text-muted">This takes longer than usual.</span>
        )}
      </span>
      <span className="shrink-0 text-muted tabular-nums" suppressHydrationWarning>
        {durationWords(elapsed)}
      </span>
    </li>
  )
}

export function StepList({ run, offsetMs }: { run: Run; offsetMs: number }) {
  const running = run.steps.some(({ state }) => state === 'begun')
  const now = useServerClock(offsetMs, running)
  return (
    <ol aria-label={run.kind === 'start' ? 'Steps of the start' : 'Steps of the stop'}>
      {run.steps.map((shown) => (
        <StepRow key={shown.step} shown={shown} now={now} />
      ))}
    </ol>
  )
}
