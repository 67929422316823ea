// The file tree as people see and use it: rows, keys, names, menus, drags. What happens to files is core's.
import { FilePlus2, FolderPlus, Upload } from 'lucide-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { folderOf, nameOf } from '../../../protocol/paths.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { ContextMenu, ContextMenuItem, ContextMenuSeparator } from '../../ui/menu.tsx'
import { LoadingView } from '../../ui/views.tsx'
import { NoticeBar } from '../notice-bar.tsx'
import { useOthersByFile } from '../people/use-present.ts'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { DeleteQuestion, MoveQuestion } from './file-dialogs.tsx'
import { NameField } from './name-field.tsx'
import { createPanelState, type FilesPanelState, type Naming } from './panel-state.ts'
import { treeMove, visibleRows, type Row } from './rows.ts'
import { childrenByFolder } from './tree.ts'
import { TreeRow } from './tree-row.tsx'
import { uploadAll, useDrops } from './use-drops.ts'

export function FilesPanel() {
  const workbench = useWorkbench()
  const { files, notices, isViewer: viewer } = workbench
  const tree = useStore(files.tree)
  const isViewer = useStore(viewer)
  const [panel] = useState(() => createPanelState(files))
  const [question, setQuestion] = useState<{ kind: 'delete' | 'move'; path: string } | null>(null)
  const upload = useRef<HTMLInputElement>(null)
  const { focused } = useStore(panel.state)
  useRevealed(panel)
  const folder =
    focused === null ? '' : tree.entries.get(focused)?.kind === 'folder' ? focused : folderOf(focused)
  const create = (what: 'file' | 'folder'): void => panel.name({ kind: 'create', folder, what })
  const close = (): void => setQuestion(null)
  return (
    <section aria-label="Files" className="flex h-full min-h-0 flex-col">
      <header className="flex h-(--bar-tabs) shrink-0 items-center pr-1 pl-3">
        <h2 className="flex-1 text-label font-semibold tracking-wide text-muted uppercase">Files</h2>
        {!isViewer && (
          <>
            <IconButton
              label="New file"
              icon={<FilePlus2 size={15} aria-hidden />}
              onClick={() => create('file')}
            />
            <IconButton
              label="New folder"
              icon={<FolderPlus size={15} aria-hidden />}
              onClick={() => create('folder')}
            />
            <IconButton
              label="Upload files"
              icon={<Upload size={15} aria-hidden />}
              onClick={() => upload.current?.click()}
            />
          </>
        )}
        <input
          ref={upload}
          type="file"
          multiple
          hidden
          aria-label="Files to upload"
          onChange={(event) => {
            const chosen = [...(event.target.files ?? [])]
            event.target.value = ''
            notices.attempt('files', () => uploadAll(files.upload, folder, chosen))
          }}
        />
      </header>
      <NoticeBar area="files" />
      {tree.isKnown || tree.entries.size > 0 ? (
        <Tree panel={panel} isViewer={isViewer} onQuestion={setQuestion} onCreate={create} />
      ) : (
        <LoadingView say="Reading the files" />
      )}
      <DeleteQuestion path={question?.kind === 'delete' ? question.path : null} onClose={close} />
      <MoveQuestion
        key={question?.path}
        path={question?.kind === 'move' ? question.path : null}
        onClose={close}
      />
    </section>
  )
}

/** The shown file is shown in the tree too. */
function useRevealed(panel: FilesPanelState): void {
  const { tabs } = useWorkbench()
  const { tabs: list, active } = useStore(tabs.state)
  const path = list.find((tab) => tab.key === active)?.path
  useEffect(() => {
    if (path !== undefined) panel.reveal(path)
  }, [panel, path])
}

interface TreeProps {
  panel: FilesPanelState
  isViewer: boolean
  onQuestion: (question: { kind: 'delete' | 'move'; path: string }) => void
  onCreate: (what: 'file' | 'folder') => void
}

function Tree({ panel, isViewer, onQuestion, onCreate }: TreeProps) {
  const { files, tabs, notices, view } = useWorkbench()
  const { entries } = useStore(files.tree)
  const { open, focused, naming } = useStore(panel.state)
  const { tabs: list, active } = useStore(tabs.state)
  const people = useOthersByFile()
  const drops = useDrops(!isViewer)
  const rows = useMemo(() => visibleRows(childrenByFolder(entries), open), [entries, open])
  const scroll = useRef<HTMLDivElement>(null)
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight(scroll.current),
    overscan: 20,
  })
  const at = rows.findIndex((row) => row.entry.path === focused)
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at)
  }, [at, virtual])
  const shown = list.find((tab) => tab.key === active)?.path
  const rowId = (index: number): string => `tree-row-${index}`

  const openFile = (path: string): void => {
    panel.focus(path)
    tabs.open(path)
    view.update((now) => ({ ...now, narrow: 'editor' }))
  }
  const press = (row: Row): void =>
    row.entry.kind === 'folder'
      ? notices.attempt('files', () => panel.fold(row.entry.path, !row.isOpen))
      : openFile(row.entry.path)
  const finish = (name: string): void => {
    const was = naming
    notices.attempt('files', async () => {
      const path = await panel.named(name)
      scroll.current?.focus()
      if (path !== null) settleNamed(path, was)
    })
  }
  const settleNamed = (path: string, was: Naming | null): void => {
    if (was?.kind === 'rename') tabs.moved(was.path, path)
    panel.reveal(path)
    if (was?.kind === 'create' && was.what === 'file') openFile(path)
  }
  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (!isViewer && focused !== null && event.key === 'F2') panel.name({ kind: 'rename', path: focused })
    else if (!isViewer && focused !== null && event.key === 'Delete')
      onQuestion({ kind: 'delete', path: focused })
    else {
      const move = treeMove(event.key, rows, focused)
      if (move === null) return
      if (move.kind === 'focus') panel.focus(move.path)
      if (move.kind === 'open') openFile(move.path)
      if (move.kind === 'fold') notices.attempt('files', () => panel.fold(move.path, move.open))
    }
    event.preventDefault()
  }
  const field = (label: string, value: string) => (
    <NameField label={label} value={value} onDone={finish} onGiveUp={() => panel.name(null)} />
  )
  const target = focused === null ? undefined : entries.get(focused)
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
          onKeyDown={keys}
          onContextMenu={(event) => event.target === event.currentTarget && panel.focus(null)}
          onDragOver={(event) => drops.over(event, null)}
          onDragLeave={drops.leave}
          onDrop={(event) => drops.drop(event, null)}
          className="group/tree min-h-0 flex-1 overflow-y-auto pb-4 outline-none"
        >
          {naming?.kind === 'create' && (
            <div role="none" className="flex h-(--tree-row) items-center gap-1 pr-2 pl-6">
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
              const { path } = row.entry
              return (
                <div role="none" key={path} className="absolute inset-x-0" style={{ top: start }}>
                  <TreeRow
                    row={row}
                    id={rowId(index)}
                    people={people.get(path) ?? []}
                    isFocused={path === focused}
                    isShown={path === shown}
                    isDropTarget={row.entry.kind === 'folder' && drops.target === path}
                    isDraggable={!isViewer}
                    field={
                      naming?.kind === 'rename' && naming.path === path
                        ? field(`New name of ${nameOf(path)}`, nameOf(path))
                        : null
                    }
                    onPress={() => press(row)}
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
      {!isViewer && (
        <>
          <ContextMenuItem onSelect={() => onCreate('file')}>New file</ContextMenuItem>
          <ContextMenuItem onSelect={() => onCreate('folder')}>New folder</ContextMenuItem>
        </>
      )}
      {target !== undefined && (
        <>
          <ContextMenuSeparator />
          {target.kind !== 'folder' && (
            <ContextMenuItem onSelect={() => notices.attempt('files', () => files.download(target.path))}>
              Download
            </ContextMenuItem>
          )}
          <ContextMenuItem onSelect={() => void navigator.clipboard?.writeText(target.path)}>
            Copy path
          </ContextMenuItem>
          {!isViewer && (
            <>
              <ContextMenuItem
                keys="F2"
                onSelect={() => setTimeout(() => panel.name({ kind: 'rename', path: target.path }))}
              >
                Rename
              </ContextMenuItem>
              <ContextMenuItem onSelect={() => onQuestion({ kind: 'move', path: target.path })}>
                Move to…
              </ContextMenuItem>
              <ContextMenuSeparator />
              <ContextMenuItem
                danger
                keys="Del"
                onSelect={() => onQuestion({ kind: 'delete', path: target.path })}
              >
                Delete
              </ContextMenuItem>
            </>
          )}
        </>
      )}
    </ContextMenu>
  )
}

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

/** Rows are taller under a finger; the token knows. */
function rowHeight(element: HTMLElement | null): number {
  const height = element === null ? '' : getComputedStyle(element).getPropertyValue('--tree-row')
  return Number.parseFloat(height) || 22
}
