// A repl that nobody can work in now: what happens, its steps, and the one thing to press.
import { Link } from '../framework.ts'
import type { Repl } from '../../protocol/repl.ts'
import { Button, buttonClasses } from '../ui/button.tsx'
import { levelWords } from '../ui/level-words.ts'
import { isStopping, shownPhase } from '../ui/phase.ts'
import { PhaseBadge } from '../ui/phase-badge.tsx'
import { ClockTime } from '../ui/time.tsx'
import { sessionWords } from './session-words.ts'
import { StepList } from './step-list.tsx'
import { showsRun } from './steps.ts'
import type { Progress } from './use-progress.ts'
import { useReplChange } from './use-change.ts'

interface SessionPanelProps {
  repl: Repl
  progress: Progress
  /** The server's clock minus this browser's, milliseconds. */
  offsetMs: number
  onRepl: (repl: Repl) => void
}

function LevelNote({ repl }: { repl: Repl }) {
  if (repl.level === null) return null
  const words = levelWords(repl.level)
  return (
    <p className="mt-4 border-t border-line pt-4 text-muted">
      <span className="font-medium text-ink">{words.name}.</span> {words.say}
    </p>
  )
}

export function SessionPanel({ repl, progress, offsetMs, onRepl }: SessionPanelProps) {
  const words = sessionWords(repl)
  const { action } = words
  const change = useReplChange(repl.id, onRepl)
  return (
    <section
      aria-labelledby="session-title"
      className="mx-auto w-full max-w-120 rounded-xl border border-line bg-surface p-5 sm:p-6"
    >
      <div className="text-label">
        <PhaseBadge phase={shownPhase(repl)} />
      </div>
      <h1 id="session-title" className="mt-2 text-title font-semibold text-balance wrap-anywhere">
        {words.title}
      </h1>
      <p className="mt-1 text-muted wrap-anywhere">{words.say}</p>
      {progress.run && showsRun(repl, progress.run) && (
        <div className="mt-4 border-t border-line pt-3">
          <StepList run={progress.run} offsetMs={offsetMs} />
        </div>
      )}
      {!progress.connected && (
        <p role="status" className="mt-3 text-warn">
          The connection is lost; what is shown here may be old. Trying again.
        </p>
      )}
      {change.error && (
        <p role="alert" className="mt-3 text-bad">
          {change.error.say}
        </p>
      )}
      <LevelNote repl={repl} />
      <div className="mt-5 flex flex-wrap items-center gap-2">
        {action && (
          <Button
            look={isStopping(repl.phase) && repl.phase !== 'FLUSH_FAILED' ? 'plain' : 'primary'}
            busy={change.pending !== null}
            onClick={() => void change.ask(action.change)}
          >
            {action.label}
          </Button>
        )}
        {words.offersZip && (
          <a href={`/repl/${repl.id}/zip`} target="_blank" rel="noopener" className={buttonClasses('plain')}>
            Download as zip
          </a>
        )}
        <Link to="/" className={buttonClasses(action ? 'quiet' : 'plain')}>
          Back to your REPLs
        </Link>
        {repl.committedAt !== null && (
          <span className="ml-auto text-label text-muted">
            Backed up <ClockTime at={repl.committedAt} />
          </span>
        )}
      </div>
    </section>
  )
}
