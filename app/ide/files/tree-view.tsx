// The file tree as people see it: the rows in view, the name being typed, drags. What a press or key does is in its actions.
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, type MouseEvent } from 'react'
import { nameOf } from '../../../protocol/paths.ts'
import { Button } from '../../ui/button.tsx'
import { ContextMenu } from '../../ui/menu.tsx'
import { shownName } from '../../ui/shown-name.ts'
import { useOthersByFile } from '../people/use-present.ts'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { NameField } from './name-field.tsx'
import type { FilesPanelState } from './panel-state.ts'
import { visibleRows } from './rows.ts'
import { childrenByFolder } from './tree.ts'
import { TreeMenu, type Question } from './tree-menu.tsx'
import { TreeRow } from './tree-row.tsx'
import { useDrops } from './use-drops.ts'
import { useTreeActions } from './use-tree-actions.ts'
import type { Uploads } from './use-uploads.ts'

interface TreeViewProps {
  panel: FilesPanelState
  isViewer: boolean
  onQuestion: (question: Question) => void
  onCreate: (what: 'file' | 'folder') => void
  onUpload: Uploads['upload']
}

const rowId = (index: number): string => `tree-row-${index}`

export function TreeView({ panel, isViewer, onQuestion, onCreate, onUpload }: TreeViewProps) {
  const { files, tabs } = useWorkbench()
  const { entries } = useStore(files.tree)
  const { open, focused, naming } = useStore(panel.state)
  const { tabs: list, active } = useStore(tabs.state)
  const people = useOthersByFile()
  const drops = useDrops(!isViewer, onUpload)
  const rows = useMemo(() => visibleRows(childrenByFolder(entries), open), [entries, open])
  const scroll = useRef<HTMLDivElement>(null)
  const actions = useTreeActions({
    panel,
    rows,
    isViewer,
    onQuestion,
    refocus: () => scroll.current?.focus(),
  })
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: rowHeight,
    overscan: 20,
  })
  const at = rows.findIndex((row) => row.entry.path === focused)
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at)
  }, [at, virtual])
  const shown = list.find((tab) => tab.key === active)?.path
  const field = (label: string, value: string) => (
    <NameField label={label} value={value} onDone={actions.named} onGiveUp={() => panel.name(null)} />
  )
  const rename = (path: string): void => panel.name({ kind: 'rename', path })
  return (
    <ContextMenu
      target={
        <div
          ref={scroll}
          role="tree"
          aria-label="Files"
          tabIndex={0}
          data-region-entry
          {...(at >= 0 ? { 'aria-activedescendant': rowId(at) } : {})}
          onKeyDown={actions.keys}
          onContextMenu={(event) => isOnNothing(event) && panel.focus(null)}
          onDragOver={(event) => drops.over(event, null)}
          onDragLeave={drops.leave}
          onDrop={(event) => drops.drop(event, null)}
          className="group/tree min-h-0 flex-1 overflow-y-auto pb-4 outline-none"
        >
          {naming?.kind === 'create' && (
            <div role="none" className="flex h-(--row) items-center gap-1 pr-2 pl-6">
              {field(naming.what === 'file' ? 'Name of the new file' : 'Name of the new folder', '')}
            </div>
          )}
          {rows.length === 0 && naming === null && (
            <NoFiles isViewer={isViewer} onCreate={() => onCreate('file')} />
          )}
          <div role="none" className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map(({ index, start }) => {
              const row = rows[index]
              if (row === undefined) return null
              const { path, kind } = row.entry
              const isNamed = naming?.kind === 'rename' && naming.path === path
              return (
                <div role="none" key={path} className="absolute inset-x-0" style={{ top: start }}>
                  <TreeRow
                    row={row}
                    id={rowId(index)}
                    people={people.get(path) ?? []}
                    isFocused={path === focused}
                    isShown={path === shown}
                    isDropTarget={kind === 'folder' && drops.target === path}
                    isDraggable={!isViewer}
                    field={isNamed ? field(`New name of ${shownName(nameOf(path))}`, nameOf(path)) : null}
                    onPress={() => actions.press(row)}
                    onMenu={() => panel.focus(path)}
                    onDragStart={(event) => drops.start(event, path)}
                    onDragOver={(event) => drops.over(event, row.entry)}
                    onDrop={(event) => drops.drop(event, row.entry)}
                  />
                </div>
              )
            })}
          </div>
        </div>
      }
    >
      <TreeMenu
        target={focused === null ? undefined : entries.get(focused)}
        isViewer={isViewer}
        onCreate={onCreate}
        onRename={rename}
        onQuestion={onQuestion}
      />
    </ContextMenu>
  )
}

/** Pressed below the rows; the menu key is pressed on the tree, too, and means the row that has the keyboard. */
const isOnNothing = ({ target, currentTarget, button }: MouseEvent): boolean =>
  target === currentTarget && button === 2

function NoFiles({ isViewer, onCreate }: { isViewer: boolean; onCreate: () => void }) {
  return (
    <div className="px-3 py-4 text-muted">
      <p>No files yet. What anybody makes here or in a terminal appears at once.</p>
      {!isViewer && (
        <Button className="mt-3" size="small" onClick={onCreate}>
          New file
        </Button>
      )}
    </div>
  )
}

/** Rows are taller under a finger; the token knows, also before the tree is there. */
function rowHeight(): number {
  const height = getComputedStyle(document.documentElement).getPropertyValue('--row')
  return Number.parseFloat(height) || 24
}
