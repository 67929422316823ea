// The middle of the workbench: tabs, and under them the shown file as text or in words why not.
import { Suspense, lazy } from 'react'
import { FileCode2 } from 'lucide-react'
import { Button } from '../../ui/button.tsx'
import { shownName } from '../../ui/shown-name.ts'
import { sizeWords } from '../../ui/size-words.ts'
import { EmptyView, ErrorView, LoadingView } from '../../ui/views.tsx'
import { nameOf } from '../../../protocol/paths.ts'
import { NoticeBar } from '../notice-bar.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { RoomWords } from './room-words.tsx'
import { TabBar } from './tab-bar.tsx'
import type { Tab } from './tabs.ts'

/** Monaco is most of the page's weight: the bench is painted before it comes. */
const TextPane = lazy(() => import('./text-pane.tsx').then((module) => ({ default: module.TextPane })))

export function EditorPanel() {
  const { tabs } = useWorkbench()
  const state = useStore(tabs.state)
  const tab = state.tabs.find((other) => other.key === state.active)
  const isText = tab?.view.kind === 'text'
  return (
    <section aria-label="Editor" className="flex h-full min-h-0 min-w-0 flex-col bg-ground">
      {state.tabs.length > 0 && <TabBar />}
      <NoticeBar area="editor" />
      {tab?.view.kind === 'text' && (
        <RoomWords document={tab.view.document} isGone={tab.isGone} path={tab.path} />
      )}
      <div
        {...(tab === undefined ? {} : { role: 'tabpanel', 'aria-label': shownName(nameOf(tab.path)) })}
        className="relative min-h-0 flex-1"
      >
        {!isText && (
          <div className="absolute inset-0 z-10 overflow-auto bg-ground">
            {tab === undefined ? <NothingOpen /> : <OtherView tab={tab} />}
          </div>
        )}
        {state.tabs.some((other) => other.view.kind === 'text') && (
          <Suspense fallback={<LoadingView say="Opening the editor" />}>
            <TextPane tab={isText ? tab : null} />
          </Suspense>
        )}
      </div>
    </section>
  )
}

function NothingOpen() {
  return (
    <div className="flex h-full items-center justify-center">
      <EmptyView
        title="No file is open"
        say="Choose one in the files, or press ⌘K or Ctrl K and type its name."
      />
    </div>
  )
}

function OtherView({ tab }: { tab: Tab }) {
  const { files, notices, tabs } = useWorkbench()
  const { view } = tab
  const name = shownName(nameOf(tab.path))
  if (view.kind === 'opening') return <LoadingView say={`Opening ${name}`} />
  if (view.kind === 'failed') {
    return (
      <ErrorView
        title={`${name} did not open`}
        say={view.say}
        action={<Button onClick={() => tabs.retry(tab.key)}>Try again</Button>}
      />
    )
  }
  if (view.kind === 'text') return null
  const why =
    view.kind === 'binary'
      ? `This is not text, so it cannot be edited here (${sizeWords(view.size)}).`
      : `This file is too large to edit together (${sizeWords(view.size)}).`
  return (
    <div className="flex h-full flex-col items-center justify-center">
      <FileCode2 size={20} className="-mb-12 text-muted" aria-hidden />
      <EmptyView
        title={name}
        say={why}
        action={
          <Button onClick={() => notices.attempt('editor', () => files.download(tab.path))}>
            Download {name}
          </Button>
        }
      />
    </div>
  )
}
