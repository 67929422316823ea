// The shared terminals: their tabs, who drives and watches, opening, naming, closing, and what Enter waits for.
import { Plus } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { TerminalInfo } from '../../../protocol/terminal.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Confirm } from '../../ui/dialog.tsx'
import { EmptyView, LoadingView } from '../../ui/views.tsx'
import { NoticeBar } from '../notice-bar.tsx'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { KeyboardBar } from './keyboard-bar.tsx'
import { TerminalTab } from './terminal-tab.tsx'
import { TerminalView } from './terminal-view.tsx'
import { useEnterTerminal } from './use-enter-terminal.ts'
import { useWindowSize } from './window-size.ts'

/** Opens a terminal and shows it. */
export function useOpenTerminal(): () => void {
  const { terminals } = useWorkbench()
  return useEnterTerminal(() => terminals.open())
}

export function TerminalPanel() {
  const { terminals, view, isViewer: viewer } = useWorkbench()
  const list = useStore(terminals.list)
  const waiting = useStore(terminals.waiting)
  const chosen = usePart(view, ({ terminal }) => terminal)
  const isViewer = useStore(viewer)
  const openTerminal = useOpenTerminal()
  const [closing, setClosing] = useState<TerminalInfo | null>(null)
  const shown = useShown(list, chosen)
  const shownTerminal = list?.find(({ id }) => id === shown)
  const area = useRef<HTMLDivElement>(null)
  useWindowSize(area, terminals.measured)
  const show = (terminal: number): void => view.update((now) => ({ ...now, terminal }))
  return (
    <section aria-label="Terminals" className="flex h-full min-h-0 flex-col bg-ground">
      <header className="flex h-(--bar-tabs) shrink-0 items-center border-b border-line bg-surface">
        <div
          role="tablist"
          aria-label="Terminals"
          className="flex h-full min-w-0 overflow-x-auto [scrollbar-width:none]"
        >
          {list?.map((terminal) => (
            <TerminalTab
              key={terminal.id}
              terminal={terminal}
              isShown={terminal.id === shown}
              isViewer={isViewer}
              onShow={() => show(terminal.id)}
              onClose={() => setClosing(terminal)}
            />
          ))}
        </div>
        {!isViewer && (
          <IconButton
            label="Open a terminal"
            icon={<Plus size={15} aria-hidden />}
            onClick={openTerminal}
            className="mx-1"
          />
        )}
        <p role="status" className="ml-auto truncate px-3 text-label text-warn">
          {waiting}
        </p>
      </header>
      <NoticeBar area="terminal" />
      {shownTerminal !== undefined && <KeyboardBar terminal={shownTerminal} />}
      <div ref={area} className="relative min-h-0 flex-1">
        {list === null && <LoadingView say="Looking for terminals" />}
        {list?.length === 0 && <NoTerminals isViewer={isViewer} onOpen={openTerminal} />}
        {list?.map((terminal) => (
          <TerminalView key={terminal.id} terminal={terminal} isShown={terminal.id === shown} />
        ))}
      </div>
      <CloseQuestion terminal={closing} onClose={() => setClosing(null)} />
    </section>
  )
}

/** The chosen terminal, or the first when that one is gone; told to the view so that presence is true. */
function useShown(list: TerminalInfo[] | null, chosen: number | null): number | null {
  const { view } = useWorkbench()
  const known = list?.some((terminal) => terminal.id === chosen)
  const shown = known ? chosen : (list?.at(-1)?.id ?? null)
  useEffect(
    () => view.update((now) => (now.terminal === shown ? now : { ...now, terminal: shown })),
    [view, shown],
  )
  return shown
}

function NoTerminals({ isViewer, onOpen }: { isViewer: boolean; onOpen: () => void }) {
  return (
    <div className="flex h-full items-center justify-center overflow-auto">
      <EmptyView
        title="No terminals"
        say={
          isViewer ? 'When somebody opens one, you watch it here.' : 'Open one: everyone here can watch it.'
        }
        {...(isViewer ? {} : { action: <Button onClick={onOpen}>Open a terminal</Button> })}
      />
    </div>
  )
}

function CloseQuestion({ terminal, onClose }: { terminal: TerminalInfo | null; onClose: () => void }) {
  const { terminals, notices } = useWorkbench()
  const hasEnded = terminal !== null && terminal.exit !== null
  const close = (id: number): void => notices.attempt('terminal', () => terminals.close(id))
  useEffect(() => {
    // A program that ended loses nothing, so nothing is asked.
    if (!hasEnded) return
    close(terminal.id)
    onClose()
  })
  if (terminal === null || hasEnded) return null
  return (
    <Confirm
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Close ${terminal.name}?`}
      say="Programs that run in it are ended, for everybody here."
      action={`Close ${terminal.name}`}
      onConfirm={() => {
        onClose()
        close(terminal.id)
      }}
    />
  )
}
