// The menu of a file or folder in the tree: every drag and key has its twin here.
import { ContextMenuItem, ContextMenuSeparator } from '../../ui/menu.tsx'
import type { TreeEntry } from '../../../protocol/tree.ts'
import { useWorkbench } from '../workbench-context.ts'

export type Question = { kind: 'delete' | 'move'; path: string }

interface TreeMenuProps {
  target: TreeEntry | undefined
  isViewer: boolean
  onCreate: (what: 'file' | 'folder') => void
  onRename: (path: string) => void
  onQuestion: (question: Question) => void
}

export function TreeMenu({ target, isViewer, onCreate, onRename, onQuestion }: TreeMenuProps) {
  return (
    <>
      {!isViewer && (
        <>
          <ContextMenuItem onSelect={() => onCreate('file')}>New file</ContextMenuItem>
          <ContextMenuItem onSelect={() => onCreate('folder')}>New folder</ContextMenuItem>
          {target !== undefined && <ContextMenuSeparator />}
        </>
      )}
      {target !== undefined && <Looking target={target} />}
      {target !== undefined && !isViewer && (
        <>
          <ContextMenuItem keys="F2" onSelect={() => setTimeout(() => onRename(target.path))}>
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
  )
}

/** What a viewer may do too. */
function Looking({ target }: { target: TreeEntry }) {
  const { files, notices } = useWorkbench()
  return (
    <>
      {target.kind === 'folder' ? (
        <ContextMenuItem onSelect={() => notices.attempt('files', () => files.downloadFolder(target.path))}>
          Download as a zip
        </ContextMenuItem>
      ) : (
        <ContextMenuItem onSelect={() => notices.attempt('files', () => files.download(target.path))}>
          Download
        </ContextMenuItem>
      )}
      <ContextMenuItem onSelect={() => void navigator.clipboard?.writeText(target.path)}>
        Copy path
      </ContextMenuItem>
    </>
  )
}
