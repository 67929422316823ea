// Says above the list that a repl was deleted just now, and takes it back at a press. Stays until it is closed or the page is left:
// nobody has to be quick.
import { Trash2, Undo2, X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Repl } from '../../protocol/repl.ts'
import { Link } from '../framework.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { useReplChange } from './use-change.ts'

interface DeletedBarProps {
  /** As it was before: what ran is started again. */
  repl: Repl
  onBack: () => void
  onClose: () => void
}

export function DeletedBar({ repl, onBack, onClose }: DeletedBarProps) {
  const change = useReplChange(repl.id, onBack)
  const undo = useRef<HTMLButtonElement>(null)
  // The row that had the keyboard goes.
  useEffect(() => undo.current?.focus(), [])
  return (
    <section
      aria-label="Deleted"
      className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-lg border border-line bg-surface py-1.5 pr-2 pl-3"
    >
      <Trash2 size={14} aria-hidden className="shrink-0 text-muted" />
      <p className="min-w-40 flex-1 wrap-anywhere">
        {repl.name} is deleted. For seven days{' '}
        <Link to={`/repl/${repl.id}`} className="underline">
          its page
        </Link>{' '}
        brings it back.
      </p>
      <span className="flex items-center gap-1">
        <Button
          ref={undo}
          size="small"
          busy={change.pending !== null}
          onClick={() => void change.ask(repl.desired === 'running' ? 'start' : 'undelete')}
        >
          <Undo2 size={13} aria-hidden /> Undo
          <span className="sr-only"> the deletion of {repl.name}</span>
        </Button>
        <IconButton label="Close" icon={<X size={14} aria-hidden />} onClick={onClose} />
      </span>
      {change.error && (
        <p role="alert" className="w-full text-bad">
          {change.error.say}
        </p>
      )}
    </section>
  )
}
