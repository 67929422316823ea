// The tab of one terminal: its name (double click or F2 to change), who drives it, how many watch, its end.
import { clsx } from 'clsx'
import { Hand, Keyboard, LockKeyhole, SquareTerminal, X } from 'lucide-react'
import { useState } from 'react'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import { NameField } from '../files/name-field.tsx'
import { PresenceDots } from '../people/presence-dots.tsx'
import { useOthersByTerminal } from '../people/use-present.ts'
import { useWorkbench } from '../workbench-context.ts'
import { endWords } from './end-words.ts'
import { noKeyboard, useKeyboard } from './use-keyboard.ts'

interface TerminalTabProps {
  terminal: TerminalInfo
  isShown: boolean
  isViewer: boolean
  onShow: () => void
  onClose: () => void
}

export function TerminalTab({ terminal, isShown, isViewer, onShow, onClose }: TerminalTabProps) {
  const { terminals, notices, person } = useWorkbench()
  const people = useOthersByTerminal()
  const [isNaming, setNaming] = useState(false)
  const ended = endWords(terminal.exit)
  const driver =
    terminal.driver === null ? null : terminal.driver.id === person.id ? 'you' : terminal.driver.name
  const { mayGive } = useKeyboard(terminal)
  const { holder, asks: asking } = terminal.keyboard ?? noKeyboard
  const isHeld = holder !== null
  const asks = asking.length
  const rename = (name: string): void => {
    setNaming(false)
    if (name.trim() === '' || name === terminal.name) return
    notices.attempt('terminal', () => terminals.rename(terminal.id, name.trim()))
  }
  return (
    <div
      role="presentation"
      onAuxClick={(event) => event.button === 1 && !isViewer && onClose()}
      className={clsx(
        'group/tab relative flex shrink-0 items-center gap-1.5 border-r border-line pr-1 pl-3',
        isShown ? 'bg-ground text-ink' : 'text-muted hover:text-ink',
      )}
    >
      {isShown && <span className="absolute inset-x-0 top-0 h-0.5 bg-accent" aria-hidden />}
      <SquareTerminal size={14} strokeWidth={1.75} className="shrink-0" aria-hidden />
      {isNaming ? (
        <span className="w-32">
          <NameField
            label="Name of the terminal"
            value={terminal.name}
            onDone={rename}
            onGiveUp={() => setNaming(false)}
          />
        </span>
      ) : (
        <button
          type="button"
          role="tab"
          aria-selected={isShown}
          onClick={onShow}
          onDoubleClick={() => !isViewer && setNaming(true)}
          aria-keyshortcuts="F2 Delete"
          onKeyDown={(event) => {
            if (isViewer) return
            if (event.key === 'F2') setNaming(true)
            if (event.key === 'Delete') onClose()
          }}
          className="flex h-full max-w-56 items-center gap-1.5 truncate outline-offset-[-3px]"
        >
          <span className="truncate">{terminal.name}</span>
          {driver !== null && ended === null && (
            <span
              className="flex items-center gap-1 text-label text-muted"
              title={isHeld ? `Only ${driver} can type here` : `The size follows the window of ${driver}`}
            >
              {isHeld ? <LockKeyhole size={12} aria-hidden /> : <Keyboard size={12} aria-hidden />}
              <span className="sr-only">driven by </span>
              {driver}
            </span>
          )}
          {mayGive && asks > 0 && (
            <span className="flex items-center gap-0.5 text-label text-warn">
              <Hand size={12} aria-hidden />
              {asks}
              <span className="sr-only"> ask for the keyboard</span>
            </span>
          )}
          {ended !== null && <span className="text-label text-muted">{ended}</span>}
          <PresenceDots people={people.get(terminal.id) ?? []} />
        </button>
      )}
      {isViewer ? (
        <span className="w-2" />
      ) : (
        <button
          type="button"
          tabIndex={-1}
          // A list of tabs holds tabs alone; by keyboard and for readers Delete closes.
          aria-hidden
          title={`Close ${terminal.name}`}
          onClick={onClose}
          className={clsx(
            'flex size-6 shrink-0 items-center justify-center rounded hover:bg-hover hover:text-ink focus-visible:opacity-100',
            isShown ? 'opacity-100' : 'opacity-0 group-hover/tab:opacity-100',
          )}
        >
          <X size={13} aria-hidden />
        </button>
      )}
    </div>
  )
}
