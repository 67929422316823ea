// One repl in the list: its phase as it is, and what can be asked of it by who may ask.
import type { Repl, Template } from '../../protocol/repl.ts'
import { Link } from '../framework.ts'
import { shownPhase } from '../ui/phase.ts'
import { PhaseBadge } from '../ui/phase-badge.tsx'
import { ClockTime } from '../ui/time.tsx'
import { ReplActions } from './repl-actions.tsx'
import { TemplateMark } from './template-mark.tsx'
import { useReplChange } from './use-change.ts'
import { useLiveRepl } from './use-live-repl.ts'
import { runningSay } from './steps.ts'

interface ReplRowProps {
  repl: Repl
  template: Template | undefined
  /** Whether this row may hold a connection to hear of its steps. */
  listening: boolean
  /** Something was changed here: the list may be another. */
  onChanged: () => void
  /** It was deleted here; as it was before. */
  onDeleted: (repl: Repl) => void
}

/** Facts in one quiet line. */
function Facts({ repl, template }: { repl: Repl; template: Template | undefined }) {
  const facts = [template?.title ?? repl.template]
  if (repl.role !== 'owner') facts.push(`${repl.ownerName} invited you as ${repl.role}`)
  return (
    <span className="text-label text-muted">
      {facts.join(' · ')} · {repl.committedAt === null ? 'Changed' : 'Backed up'}{' '}
      <ClockTime at={repl.committedAt ?? repl.changedAt} />
    </span>
  )
}

export function ReplRow({ repl: loaded, template, listening, onChanged, onDeleted }: ReplRowProps) {
  const { repl, progress, put } = useLiveRepl(loaded, listening)
  const change = useReplChange(repl.id, (changed) => {
    put(changed)
    onChanged()
  })
  // The list goes without it at its next look.
  if (repl.phase === 'DELETED') return null
  const phase = shownPhase(repl)
  const moving = sayOf(listening ? runningSay(progress.run, phase) : undefined)
  const trouble =
    change.error?.say ?? (repl.phase === 'START_FAILED' || repl.phase === 'FLUSH_FAILED' ? repl.reason : null)
  return (
    <li data-repl={repl.id} className="relative px-3 py-3 sm:px-4">
      <div className="flex items-center gap-3">
        <TemplateMark id={repl.template} />
        <div className="min-w-0 flex-1">
          <Link
            to={`/repl/${repl.id}`}
            className="block truncate rounded text-code font-medium text-ink hover:text-accent"
            title={repl.name}
          >
            {repl.name}
          </Link>
          <p className="mt-0.5 hidden truncate sm:block">
            <Facts repl={repl} template={template} />
          </p>
        </div>
        <div className="hidden max-w-64 min-w-0 truncate text-right sm:block">
          <PhaseBadge phase={phase} {...moving} />
        </div>
        <ReplActions repl={repl} change={change} onDeleted={() => onDeleted(repl)} />
      </div>
      <div className="mt-1 flex flex-wrap items-center gap-x-3 pl-11 sm:hidden">
        <PhaseBadge phase={phase} {...moving} />
        <Facts repl={repl} template={template} />
      </div>
      {trouble && (
        <p role={change.error ? 'alert' : undefined} className="mt-1.5 pl-11 text-bad wrap-anywhere">
          {trouble}
        </p>
      )}
    </li>
  )
}

const sayOf = (say: string | undefined): { say?: string } => (say === undefined ? {} : { say })
