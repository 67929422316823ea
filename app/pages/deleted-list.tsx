// What was deleted and can still be brought back, folded away below the list: each with its time and a button. Deletes nothing.
import { useRef } from 'react'
import type { Repl } from '../../protocol/repl.ts'
import { Link } from '../framework.ts'
import { Button } from '../ui/button.tsx'
import { ClockTime } from '../ui/time.tsx'
import { useReplChange } from './use-change.ts'

interface DeletedListProps {
  /** Those that are gone soonest last. */
  repls: readonly Repl[]
  onBack: (repl: Repl) => void
}

export function DeletedList({ repls, onBack }: DeletedListProps) {
  const fold = useRef<HTMLElement>(null)
  if (repls.length === 0) return null
  const back = (repl: Repl): void => {
    // The row that had the keyboard goes.
    fold.current?.focus()
    onBack(repl)
  }
  return (
    <details className="mt-4 text-muted">
      <summary ref={fold} className="w-fit cursor-default rounded px-1 py-1 select-none hover:text-ink">
        Deleted ({repls.length})
      </summary>
      <ul aria-label="Deleted REPLs" className="mt-1 divide-y divide-line rounded-xl border border-line">
        {repls.map((repl) => (
          <DeletedRow key={repl.id} repl={repl} onBack={() => back(repl)} />
        ))}
      </ul>
    </details>
  )
}

function DeletedRow({ repl, onBack }: { repl: Repl; onBack: () => void }) {
  const change = useReplChange(repl.id, onBack)
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 sm:px-4">
      <div className="min-w-0 flex-1">
        <Link to={`/repl/${repl.id}`} className="block truncate rounded hover:text-ink" title={repl.name}>
          {repl.name}
        </Link>
        {repl.goneAt !== undefined && (
          <p className="text-label">
            Kept until <ClockTime at={repl.goneAt} />
          </p>
        )}
      </div>
      <Button size="small" busy={change.pending !== null} onClick={() => void change.ask('undelete')}>
        Bring back<span className="sr-only"> {repl.name}</span>
      </Button>
      {change.error && (
        <p role="alert" className="w-full text-bad">
          {change.error.say}
        </p>
      )}
    </li>
  )
}
