// Over a workbench whose session is not there: what happens to it, and a way to go on reading what the page still holds.
import { useState, type ReactNode } from 'react'
import type { Repl } from '../../protocol/repl.ts'
import { Button, buttonClasses } from '../ui/button.tsx'
import { shownPhase } from '../ui/phase.ts'
import { PhaseBadge } from '../ui/phase-badge.tsx'

interface SessionOverlayProps {
  repl: Repl
  /** The panel with the steps and the one thing to press. */
  panel: ReactNode
  /** The workbench, which stays as it is: it holds what was typed and not sent. */
  children: ReactNode
  /** Whether the session is there, and nothing lies over the workbench. */
  open: boolean
}

/** Brings the keyboard along when the panel comes up. */
const focusOnce = (element: HTMLElement | null): void => element?.focus()

export function SessionOverlay({ repl, panel, children, open }: SessionOverlayProps) {
  const [reading, setReading] = useState(false)
  if (open && reading) setReading(false)
  const covered = !open && !reading
  return (
    <>
      <div className="h-dvh" ref={(element) => void element?.toggleAttribute('inert', covered)}>
        {children}
      </div>
      {covered && (
        <div className="fixed inset-0 z-30 overflow-y-auto bg-veil px-4 py-16">
          <div
            role="dialog"
            aria-modal="true"
            aria-label={`Session of ${repl.name}`}
            tabIndex={-1}
            ref={focusOnce}
            className="outline-none"
          >
            {panel}
            <p className="mt-3 text-center">
              <Button onClick={() => setReading(true)}>Go on reading</Button>
            </p>
          </div>
        </div>
      )}
      {!open && reading && (
        <div className="fixed inset-x-0 bottom-8 z-30 mx-auto flex w-fit items-center gap-3 rounded-lg border border-line bg-raised px-3 py-2 shadow-overlay">
          <PhaseBadge phase={shownPhase(repl)} />
          {repl.phase === 'FLUSH_FAILED' && (
            <a
              href={`/repl/${repl.id}/zip`}
              target="_blank"
              rel="noopener"
              className={buttonClasses('plain')}
            >
              Download as zip
            </a>
          )}
          <Button ref={focusOnce} size="small" look="primary" onClick={() => setReading(false)}>
            Show the session
          </Button>
        </div>
      )}
    </>
  )
}
