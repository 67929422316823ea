// The workbench of one repl in the browser: starts its core, ends it, and lays out what people see. Loaded in browsers only.
import { useEffect, useRef, useState } from 'react'
import type { Person, Repl } from '../../protocol/repl.ts'
import { announce } from '../ui/live-region.tsx'
import { Button, buttonClasses } from '../ui/button.tsx'
import { ErrorView, LoadingView } from '../ui/views.tsx'
import { BackupBar } from './backup-bar.tsx'
import { Palette } from './commands/palette.tsx'
import type { ConnectionWord } from './link/words.ts'
import { KeptWork } from './kept-work.tsx'
import { NarrowLayout, WideLayout, useIsNarrow } from './layout.tsx'
import { NoticeBar } from './notice-bar.tsx'
import { createNotices } from './notices.ts'
import { walkRegions } from './regions.ts'
import { ShareDialog } from './share/share-dialog.tsx'
import { StatusBar } from './status/status-bar.tsx'
import { StopQuestion } from './stop-question.tsx'
import { createStore } from './store.ts'
import { TopBar } from './top-bar.tsx'
import { usePart, useStore } from './use-store.ts'
import { startWorkbench } from './workbench.ts'
import {
  useWorkbench,
  WorkbenchContext,
  type ViewState,
  type Workbench as Bench,
} from './workbench-context.ts'

export interface WorkbenchProps {
  repl: Repl
  person: Person
}

const atFirst: ViewState = {
  terminal: null,
  keyboardFor: null,
  narrow: 'editor',
  side: 'files',
  place: null,
  dialog: null,
  cursor: null,
}

export function Workbench({ repl, person }: WorkbenchProps) {
  const [bench, setBench] = useState<Omit<Bench, 'repl' | 'person'> | null>(null)
  const { id, template, phase } = repl
  // Roles change while the page is open; what it was loaded with is only where the core begins.
  const first = useRef(repl.role)
  const { id: personId } = person
  useEffect(() => {
    const notices = createNotices()
    const core = startWorkbench({
      id,
      role: first.current,
      template,
      say: notices.say,
      person: { id: personId },
    })
    const stop = walkRegions()
    // What is started here opens sockets, so it is made by an effect and not while drawing.
    // oxlint-disable-next-line react/set-state-in-effect
    setBench({ ...core, notices, view: createStore(atFirst), places: new Map() })
    return () => {
      stop()
      core.dispose()
      setBench(null)
    }
  }, [id, template, personId])
  useEffect(() => bench?.sawPhase(phase), [bench, phase])
  if (bench === null) return <LoadingView say="Opening the workbench" />
  return (
    <WorkbenchContext.Provider value={{ ...bench, repl, person }}>
      <Frame />
    </WorkbenchContext.Provider>
  )
}

function Frame() {
  const { repl } = useWorkbench()
  const isNarrow = useIsNarrow()
  useShownPlace()
  useSpokenConnection()
  useReturnedConnection()
  return (
    <div className="flex h-dvh flex-col overflow-hidden bg-ground text-ink" data-testid="workbench">
      <h1 className="sr-only">{repl.name}</h1>
      <TopBar />
      <NoticeBar area="page" />
      <BackupBar />
      <KeptWork />
      <NoticeBar area="role" />
      <Refusal />
      {isNarrow ? <NarrowLayout /> : <WideLayout />}
      <StatusBar />
      <Palette />
      <ShareDialog />
      <StopQuestion />
    </div>
  )
}

/** Others see in tree and tabs where this page is. */
function useShownPlace(): void {
  const { presence, tabs, view } = useWorkbench()
  const file = usePart(
    tabs.state,
    ({ tabs: list, active }) => list.find((tab) => tab.key === active)?.path ?? null,
  )
  const terminal = usePart(view, (now) => now.terminal)
  useEffect(() => presence.show({ file, terminal }), [presence, file, terminal])
}

const spokenWords: Partial<Record<ConnectionWord['word'], string>> = {
  synced: 'Connected',
  // The same word, so that nothing is said when an edit was sent.
  sending: 'Connected',
  'read-only': 'Connected, read only',
  offline: 'Offline. Typing is kept here.',
  stopped: 'Stopped',
}

/** Only changes that matter to somebody who listens: lost, back, stopped. Not each sending. */
function useSpokenConnection(): void {
  const { connection } = useWorkbench()
  const spoken = spokenWords[usePart(connection, ({ word }) => word)]
  useEffect(() => {
    if (spoken !== undefined) announce(spoken)
  }, [spoken])
}

/** Words that only said the connection was away go when it is back. */
function useReturnedConnection(): void {
  const { link, notices } = useWorkbench()
  const isLive = usePart(link.phase, ({ phase }) => phase === 'live')
  useEffect(() => {
    if (isLive) notices.cameBack()
  }, [isLive, notices])
}

/** Why this page may not or cannot be connected, when trying again by itself would not help. */
function Refusal() {
  const { link, repl, documents } = useWorkbench()
  const phase = useStore(link.phase)
  const isWaiting = usePart(documents.summary, ({ unsaved }) => unsaved > 0)
  if (phase.phase !== 'refused') return null
  const left = isWaiting ? ' What you typed last was not sent: it is still in this page, so copy it.' : ''
  return (
    <div data-testid="refusal" className="border-b border-line bg-bad-soft">
      <ErrorView
        title={phase.isOut ? `You are not in ${repl.name} any more` : 'This page is not connected'}
        say={`${phase.say}${left}`}
        action={
          phase.isOut ? (
            <a href="/" className={buttonClasses()}>
              Go to your REPLs
            </a>
          ) : (
            <Button onClick={() => location.reload()}>Reload the page</Button>
          )
        }
      />
    </div>
  )
}
