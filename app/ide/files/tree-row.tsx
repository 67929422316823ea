// One row of the file tree: depth, picture, name or its field, and who is there.
import { clsx } from 'clsx'
import { ChevronRight } from 'lucide-react'
import type { DragEvent, ReactNode } from 'react'
import { nameOf } from '../../../protocol/paths.ts'
import { shownName } from '../../ui/shown-name.ts'
import { PresenceDots } from '../people/presence-dots.tsx'
import type { Present } from '../people/presence.ts'
import { FileIcon } from './file-icon.tsx'
import type { Row } from './rows.ts'

/** Pixels of one level of depth. */
const levelPx = 12

interface TreeRowProps {
  row: Row
  id: string
  people: Present[]
  isFocused: boolean
  isShown: boolean
  isDropTarget: boolean
  isDraggable: boolean
  /** Stands instead of the name while it is typed. */
  field: ReactNode
  onPress: () => void
  onMenu: () => void
  onDragStart: (event: DragEvent) => void
  onDragOver: (event: DragEvent) => void
  onDrop: (event: DragEvent) => void
}

export function TreeRow(props: TreeRowProps) {
  const { row, isFocused, isShown, isDropTarget } = props
  const { entry, level, isOpen } = row
  const name = nameOf(entry.path)
  const isFolder = entry.kind === 'folder'
  return (
    <div
      id={props.id}
      role="treeitem"
      aria-level={level}
      aria-setsize={row.siblings}
      aria-posinset={row.position}
      aria-selected={isShown}
      {...(isFolder ? { 'aria-expanded': isOpen } : {})}
      data-path={entry.path}
      draggable={props.isDraggable}
      onClick={props.onPress}
      onContextMenu={props.onMenu}
      onDragStart={props.onDragStart}
      onDragOver={props.onDragOver}
      onDrop={props.onDrop}
      style={{ paddingLeft: 6 + (level - 1) * levelPx }}
      className={clsx(
        'flex h-(--row) cursor-default items-center gap-1 pr-2 select-none',
        isShown ? 'bg-accent-soft text-ink' : 'hover:bg-hover',
        entry.ignored === true && 'text-muted',
        isFocused &&
          'group-focus-visible/tree:outline-2 -outline-offset-2 group-focus-visible/tree:outline-accent',
        isDropTarget && 'bg-accent-soft outline-1 -outline-offset-1 outline-accent',
      )}
    >
      <ChevronRight
        size={12}
        aria-hidden
        className={clsx(
          'shrink-0 text-muted transition-transform',
          isOpen && 'rotate-90',
          !isFolder && 'invisible',
        )}
      />
      <FileIcon name={name} kind={entry.kind} isOpen={isOpen} />
      {props.field ?? (
        <span className="min-w-0 flex-1 truncate pl-0.5 whitespace-pre">{shownName(name)}</span>
      )}
      <PresenceDots people={props.people} />
    </div>
  )
}
