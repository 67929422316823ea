// The quiet frame of every page but the workbench: a bar with the way home and the person, and one column.
import type { ReactNode } from 'react'
import type { Person } from '../../protocol/repl.ts'
import { Link } from '../framework.ts'
import { PersonMenu } from './person-menu.tsx'

interface PageFrameProps {
  person?: Person | null
  children: ReactNode
}

export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2 font-semibold">
      <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden>
        <path
          d="M7 8l8 8-8 8"
          fill="none"
          stroke="var(--accent)"
          strokeWidth="4"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
        <path d="M17 24h8" stroke="var(--ok)" strokeWidth="4" strokeLinecap="round" />
      </svg>
      DevEx
    </span>
  )
}

export function PageFrame({ person = null, children }: PageFrameProps) {
  return (
    <div className="flex min-h-full flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50 focus:rounded focus:bg-raised focus:p-2"
      >
        Go to the content
      </a>
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex h-12 max-w-4xl items-center justify-between px-4">
          <Link to="/" className="flex items-center rounded text-lead text-ink">
            <Wordmark />
          </Link>
          {person && <PersonMenu person={person} />}
        </div>
      </header>
      <main id="main" className="mx-auto w-full max-w-4xl flex-1 px-4 py-6 sm:py-8">
        {children}
      </main>
    </div>
  )
}
