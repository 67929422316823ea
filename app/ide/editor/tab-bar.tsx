// The row of open files: shows which, who else is there, what is not saved; opens nothing by itself.
import { clsx } from 'clsx'
import { X } from 'lucide-react'
import { useEffect, useRef, type KeyboardEvent } from 'react'
import { folderOf, nameOf } from '../../../protocol/paths.ts'
import { shownName, shownPath } from '../../ui/shown-name.ts'
import { FileIcon } from '../files/file-icon.tsx'
import { PresenceDots } from '../people/presence-dots.tsx'
import { useOthersByFile } from '../people/use-present.ts'
import { usePart, useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { Tab } from './tabs.ts'

export function TabBar() {
  const { tabs, documents } = useWorkbench()
  const state = useStore(tabs.state)
  const dirty = usePart(documents.summary, (summary) => summary.dirty)
  const people = useOthersByFile()
  const list = useRef<HTMLDivElement>(null)
  const isDirty = (tab: Tab): boolean => tab.view.kind === 'text' && dirty.has(tab.view.document.id)
  const keys = (event: KeyboardEvent, tab: Tab): void => {
    if (event.key === 'ArrowRight') tabs.step(1)
    else if (event.key === 'ArrowLeft') tabs.step(-1)
    else if (event.key === 'Delete') tabs.close(tab.key)
    else return
    event.preventDefault()
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus())
  }
  return (
    <div
      ref={list}
      role="tablist"
      aria-label="Open files"
      className="flex h-(--bar-tabs) shrink-0 overflow-x-auto border-b border-line bg-surface [scrollbar-width:none]"
    >
      {state.tabs.map((tab) => (
        <TabPart
          key={tab.key}
          tab={tab}
          isActive={tab.key === state.active}
          isDirty={isDirty(tab)}
          hint={hintOf(tab, state.tabs)}
          dots={<PresenceDots people={people.get(tab.path) ?? []} />}
          onShow={() => tabs.activate(tab.key)}
          onClose={() => tabs.close(tab.key)}
          onKey={(event) => keys(event, tab)}
        />
      ))}
    </div>
  )
}

/** Two files of one name are told apart by their folders. */
function hintOf(tab: Tab, tabs: Tab[]): string {
  const isAmbiguous = tabs.some((other) => other.key !== tab.key && nameOf(other.path) === nameOf(tab.path))
  return isAmbiguous ? shownPath(folderOf(tab.path)) || '.' : ''
}

interface TabPartProps {
  tab: Tab
  isActive: boolean
  isDirty: boolean
  hint: string
  dots: React.ReactNode
  onShow: () => void
  onClose: () => void
  onKey: (event: KeyboardEvent) => void
}

function TabPart({ tab, isActive, isDirty, hint, dots, onShow, onClose, onKey }: TabPartProps) {
  const name = nameOf(tab.path)
  const part = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (isActive) part.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [isActive])
  const note = tab.isGone ? ', deleted' : isDirty ? ', not saved yet' : ''
  return (
    <div
      ref={part}
      role="presentation"
      onAuxClick={(event) => event.button === 1 && onClose()}
      onMouseDown={(event) => event.button === 1 && event.preventDefault()}
      className={clsx(
        'group/tab relative flex max-w-56 shrink-0 items-center gap-1.5 border-r border-line pr-1 pl-3',
        isActive ? 'bg-ground text-ink' : 'text-muted hover:text-ink',
      )}
    >
      {isActive && <span className="absolute inset-x-0 top-0 h-0.5 bg-accent" aria-hidden />}
      <FileIcon name={name} />
      <button
        type="button"
        role="tab"
        title={shownPath(tab.path)}
        aria-selected={isActive}
        tabIndex={isActive ? 0 : -1}
        data-dirty={isDirty}
        onClick={onShow}
        onKeyDown={onKey}
        aria-keyshortcuts="Delete"
        className="flex h-full min-w-0 items-center gap-1.5 outline-offset-[-3px]"
      >
        <span className={clsx('truncate whitespace-pre', tab.isGone && 'line-through')}>
          {shownName(name)}
        </span>
        {note !== '' && <span className="sr-only">{note}</span>}
        {hint !== '' && <span className="truncate text-label text-muted">{hint}</span>}
        {dots}
      </button>
      <span className="relative flex size-6 shrink-0 items-center justify-center">
        {isDirty && <span className="size-2 rounded-full bg-warn group-hover/tab:opacity-0" aria-hidden />}
        <button
          type="button"
          tabIndex={-1}
          // A list of tabs holds tabs alone; by keyboard and for readers Delete closes.
          aria-hidden
          title={`Close ${shownName(name)}`}
          onClick={onClose}
          className={clsx(
            'absolute inset-0 flex items-center justify-center rounded hover:bg-hover hover:text-ink focus-visible:opacity-100',
            isActive && !isDirty ? 'opacity-100' : 'opacity-0 group-hover/tab:opacity-100',
          )}
        >
          <X size={13} aria-hidden />
        </button>
      </span>
    </div>
  )
}
