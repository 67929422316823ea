// Where the panels are: side, editor and terminals with movable borders; on a narrow page one at a time with a bar below.
import { clsx } from 'clsx'
import { AppWindow, Files, FileCode2, SquareTerminal, Users } from 'lucide-react'
import { useSyncExternalStore, type ReactNode } from 'react'
import { Group, Panel, Separator, useDefaultLayout } from 'react-resizable-panels'
import { EditorPanel } from './editor/editor-panel.tsx'
import { PanelBoundary } from './panel-boundary.tsx'
import { PeoplePanel } from './people/people-panel.tsx'
import { PreviewPanel } from './preview/preview-panel.tsx'
import { TerminalPanel } from './terminal/terminal-panel.tsx'
import { SidePanel } from './side-panel.tsx'
import { usePart, useStore } from './use-store.ts'
import { useWorkbench, type NarrowPanel } from './workbench-context.ts'

/** Below this width in pixels one panel is shown at a time. */
const narrow = '(max-width: 899px)'

export function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(narrow)
      query.addEventListener('change', listener)
      return () => query.removeEventListener('change', listener)
    },
    () => matchMedia(narrow).matches,
    () => false,
  )
}

function Region({ name, label, children }: { name: NarrowPanel; label: string; children: ReactNode }) {
  return (
    <div data-region={name} tabIndex={-1} className="h-full min-h-0 min-w-0 outline-none">
      <PanelBoundary name={label}>{children}</PanelBoundary>
    </div>
  )
}

const panels: { name: NarrowPanel; label: string; icon: typeof Files; draw: () => ReactNode }[] = [
  { name: 'files', label: 'Files', icon: Files, draw: () => <SidePanel /> },
  { name: 'editor', label: 'Editor', icon: FileCode2, draw: () => <EditorPanel /> },
  { name: 'terminal', label: 'Terminal', icon: SquareTerminal, draw: () => <TerminalPanel /> },
  { name: 'preview', label: 'Preview', icon: AppWindow, draw: () => <PreviewPanel /> },
  { name: 'people', label: 'People', icon: Users, draw: () => <PeoplePanel /> },
]

const line =
  'bg-line transition-colors hover:bg-accent focus-visible:bg-accent data-[separator=active]:bg-accent outline-none'
/** One pixel to see, nine to grasp. */
const upright = clsx(line, 'relative w-px after:absolute after:inset-y-0 after:-inset-x-1 after:content-[""]')
const flat = clsx(line, 'relative h-px after:absolute after:inset-x-0 after:-inset-y-1 after:content-[""]')

export function WideLayout() {
  const { previews } = useWorkbench()
  const hasPreview = useStore(previews.shown) !== null
  const columns = useDefaultLayout({
    id: 'devex-columns',
    storage: localStorage,
    ...(hasPreview ? { panelIds: ['side', 'main', 'preview'] } : {}),
  })
  const side = useDefaultLayout({ id: 'devex-side', storage: localStorage })
  const rows = useDefaultLayout({ id: 'devex-rows', storage: localStorage })
  return (
    <Group orientation="horizontal" className="min-h-0 flex-1" {...columns}>
      <Panel id="side" defaultSize="240px" minSize="160px" maxSize="50%" className="bg-surface">
        <Group orientation="vertical" {...side}>
          <Panel id="files" minSize="96px">
            <Region name="files" label="Files">
              <SidePanel />
            </Region>
          </Panel>
          <Separator className={flat} aria-label="Height of Files" />
          <Panel id="people" defaultSize="160px" minSize="64px">
            <Region name="people" label="People">
              <PeoplePanel />
            </Region>
          </Panel>
        </Group>
      </Panel>
      <Separator className={upright} aria-label="Width of the side" />
      <Panel id="main" minSize="320px">
        <Group orientation="vertical" {...rows}>
          <Panel id="editor" minSize="96px">
            <Region name="editor" label="Editor">
              <EditorPanel />
            </Region>
          </Panel>
          <Separator className={flat} aria-label="Height of Editor" />
          <Panel id="terminal" defaultSize="34%" minSize="96px">
            <Region name="terminal" label="Terminal">
              <TerminalPanel />
            </Region>
          </Panel>
        </Group>
      </Panel>
      {hasPreview && (
        <>
          <Separator className={upright} aria-label="Width of Preview" />
          <Panel id="preview" defaultSize="40%" minSize="240px">
            <Region name="preview" label="Preview">
              <PreviewPanel />
            </Region>
          </Panel>
        </>
      )}
    </Group>
  )
}

export function NarrowLayout() {
  const { view } = useWorkbench()
  const shown = usePart(view, ({ narrow }) => narrow)
  return (
    <>
      <main className="relative min-h-0 flex-1">
        {panels.map(({ name, label, draw }) => (
          <div
            key={name}
            className={clsx(
              'absolute inset-0',
              name === 'files' || name === 'people' ? 'bg-surface' : 'bg-ground',
            )}
            style={{ visibility: shown === name ? 'inherit' : 'hidden' }}
          >
            <Region name={name} label={label}>
              {draw()}
            </Region>
          </div>
        ))}
      </main>
      <nav aria-label="Panels" className="flex h-12 shrink-0 border-t border-line bg-surface">
        {panels.map(({ name, label, icon: Icon }) => (
          <button
            key={name}
            type="button"
            aria-current={shown === name}
            onClick={() => view.update((now) => ({ ...now, narrow: name }))}
            className={clsx(
              'flex flex-1 flex-col items-center justify-center gap-0.5 text-label -outline-offset-2',
              shown === name ? 'text-accent' : 'text-muted',
            )}
          >
            <Icon size={18} strokeWidth={1.75} aria-hidden />
            {label}
          </button>
        ))}
      </nav>
    </>
  )
}
