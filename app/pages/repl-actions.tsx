// The buttons of one repl: the likeliest thing as a button, the rest in a menu, dialogs for a name and for the end.
import { Ellipsis, Pencil, Play, Square, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Repl } from '../../protocol/repl.ts'
import { Link } from '../framework.ts'
import { Button, IconButton, buttonClasses } from '../ui/button.tsx'
import { Confirm } from '../ui/dialog.tsx'
import { Menu, MenuItem, MenuSeparator } from '../ui/menu.tsx'
import { isOpen } from '../ui/phase.ts'
import { offersOf } from './offers.ts'
import { RenameDialog } from './rename-dialog.tsx'
import type { Change } from './use-change.ts'

interface ReplActionsProps {
  repl: Repl
  change: Change
}

/** Which button stands out: work in it, start it, or look at what it does. */
function MainAction({ repl, change }: ReplActionsProps) {
  if (offersOf(repl).start) {
    return (
      <Button
        size="small"
        className="min-w-18"
        busy={change.pending === 'start'}
        onClick={() => void change.ask('start')}
      >
        <Play size={13} aria-hidden /> {repl.phase === 'START_FAILED' ? 'Retry' : 'Start'}
        <span className="sr-only"> {repl.name}</span>
      </Button>
    )
  }
  return (
    <Link
      to={`/repl/${repl.id}`}
      className={`min-w-18 ${buttonClasses(isOpen(repl.phase) ? 'primary' : 'plain', 'small')}`}
    >
      {isOpen(repl.phase) ? 'Open' : 'Show'}
      <span className="sr-only"> {repl.name}</span>
    </Link>
  )
}

type Asking = 'rename' | 'delete' | null

function MoreMenu({ repl, change, onAsk }: ReplActionsProps & { onAsk: (asking: Asking) => void }) {
  const offers = offersOf(repl)
  if (!offers.startAfter && !offers.stop && !offers.rename && !offers.delete) return null
  return (
    <Menu trigger={<IconButton label={`More for ${repl.name}`} icon={<Ellipsis size={16} aria-hidden />} />}>
      {offers.stop && (
        <MenuItem icon={<Square size={14} aria-hidden />} onSelect={() => void change.ask('stop')}>
          Stop
        </MenuItem>
      )}
      {offers.startAfter && (
        <MenuItem icon={<Play size={14} aria-hidden />} onSelect={() => void change.ask('start')}>
          {repl.desired === 'deleted' ? 'Bring it back and start it' : 'Start again afterwards'}
        </MenuItem>
      )}
      {offers.rename && (
        <MenuItem icon={<Pencil size={14} aria-hidden />} onSelect={() => onAsk('rename')}>
          Rename…
        </MenuItem>
      )}
      {offers.delete && (
        <>
          <MenuSeparator />
          <MenuItem
            danger
            icon={<Trash2 size={14} aria-hidden className="text-bad" />}
            onSelect={() => onAsk('delete')}
          >
            Delete…
          </MenuItem>
        </>
      )}
    </Menu>
  )
}

export function ReplActions({ repl, change, onDeleted }: ReplActionsProps & { onDeleted: () => void }) {
  const [asking, setAsking] = useState<Asking>(null)
  const ask = (next: Asking): void => {
    change.forget()
    setAsking(next)
  }
  const close = (open: boolean): void => {
    if (!open) ask(null)
  }
  const remove = async (): Promise<void> => {
    if (!(await change.ask('delete'))) return
    setAsking(null)
    onDeleted()
  }
  return (
    <div className="flex shrink-0 items-center gap-1">
      <MainAction repl={repl} change={change} />
      <MoreMenu repl={repl} change={change} onAsk={ask} />
      <RenameDialog open={asking === 'rename'} onOpenChange={close} repl={repl} change={change} />
      <Confirm
        open={asking === 'delete'}
        onOpenChange={close}
        title={`Delete ${repl.name}?`}
        say="It goes for everybody who works in it, with its files and its history. You can undo it, and bring it back from its own page for seven days."
        action={`Delete ${repl.name}`}
        busy={change.pending === 'delete'}
        error={change.error?.say ?? null}
        onConfirm={() => void remove()}
      />
    </div>
  )
}
