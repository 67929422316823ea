// Where the panels are: side, editor and terminals with movable borders; on a narrow page one at a time with a bar below.
import { clsx } from 'clsx'
import { AppWindow, Files, FileCode2, SquareTerminal, Users } from 'lucide-react'
import { useSyncExternalStore, type ComponentProps, type ReactNode } from 'react'
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

const panels: Record<NarrowPanel, { label: string; icon: typeof Files; draw: () => ReactNode }> = {
  files: { label: 'Files', icon: Files, draw: () => <SidePanel /> },
  editor: { label: 'Editor', icon: FileCode2, draw: () => <EditorPanel /> },
  terminal: { label: 'Terminal', icon: SquareTerminal, draw: () => <TerminalPanel /> },
  preview: { label: 'Preview', icon: AppWindow, draw: () => <PreviewPanel /> },
  people: { label: 'People', icon: Users, draw: () => <PeoplePanel /> },
}
const narrowOrder: readonly NarrowPanel[] = ['files', 'editor', 'terminal', 'preview', 'people']

/** Seen when the keyboard came to the region itself, by F6: nothing in it has taken it. */
const ring =
  'h-full min-h-0 min-w-0 outline-none focus-visible:outline-2 focus-visible:-outline-offset-2 focus-visible:outline-accent'

function Region({ name }: { name: NarrowPanel }) {
  const { label, draw } = panels[name]
  return (
    <div data-region={name} tabIndex={-1} className={ring}>
      <PanelBoundary name={label}>{draw()}</PanelBoundary>
    </div>
  )
}

/** A panel of the wide page, by the name of its region. */
function RegionPanel({ name, ...sizes }: { name: NarrowPanel } & ComponentProps<typeof Panel>) {
  return (
    <Panel id={name} {...sizes}>
      <Region name={name} />
    </Panel>
  )
}

const line =
  'bg-line transition-colors hover:bg-accent focus-visible:bg-accent data-[separator=active]:bg-accent ' +
  'outline-none focus-visible:z-10 focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent'
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
    <main className="flex min-h-0 flex-1 flex-col">
      <Group orientation="horizontal" className="min-h-0 flex-1" {...columns}>
        <Panel id="side" defaultSize="240px" minSize="160px" maxSize="50%" className="bg-surface">
          <Group orientation="vertical" {...side}>
            <RegionPanel name="files" minSize="96px" />
            <Separator className={flat} aria-label="Height of Files" />
            <RegionPanel name="people" defaultSize="160px" minSize="64px" />
          </Group>
        </Panel>
        <Separator className={upright} aria-label="Width of the side" />
        <Panel id="main" minSize="320px">
          <Group orientation="vertical" {...rows}>
            <RegionPanel name="editor" minSize="96px" />
            <Separator className={flat} aria-label="Height of Editor" />
            <RegionPanel name="terminal" defaultSize="34%" minSize="96px" />
          </Group>
        </Panel>
        {hasPreview && (
          <>
            <Separator className={upright} aria-label="Width of Preview" />
            <RegionPanel name="preview" defaultSize="40%" minSize="240px" />
          </>
        )}
      </Group>
    </main>
  )
}

export function NarrowLayout() {
  const { view } = useWorkbench()
  const shown = usePart(view, ({ narrow }) => narrow)
  return (
    <>
      <main className="relative min-h-0 flex-1">
        {narrowOrder.map((name) => (
          <div
            key={name}
            className={clsx(
              'absolute inset-0',
              name === 'files' || name === 'people' ? 'bg-surface' : 'bg-ground',
            )}
            style={{ visibility: shown === name ? 'inherit' : 'hidden' }}
          >
            <Region name={name} />
          </div>
        ))}
      </main>
      <nav aria-label="Panels" className="flex h-(--bar-panels) shrink-0 border-t border-line bg-surface">
        {narrowOrder.map((name) => (
          <NarrowButton key={name} name={name} />
        ))}
      </nav>
    </>
  )
}

function NarrowButton({ name }: { name: NarrowPanel }) {
  const { view } = useWorkbench()
  const isShown = usePart(view, ({ narrow }) => narrow === name)
  const { label, icon: Icon } = panels[name]
  return (
    <button
      type="button"
      aria-current={isShown}
      onClick={() => view.update((now) => ({ ...now, narrow: name }))}
      className={clsx(
        'flex flex-1 flex-col items-center justify-center gap-0.5 text-label -outline-offset-2',
        isShown ? 'text-accent' : 'text-muted',
      )}
    >
      <Icon size={18} strokeWidth={1.75} aria-hidden />
      {label}
    </button>
  )
}
