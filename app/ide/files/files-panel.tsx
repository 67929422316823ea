// The files panel: its buttons and questions around the tree. What happens to files is core's.
import { FilePlus2, FolderPlus, Search } from 'lucide-react'
import { useEffect, useState } from 'react'
import { folderOf } from '../../../protocol/paths.ts'
import { IconButton } from '../../ui/button.tsx'
import { LoadingView } from '../../ui/views.tsx'
import { NoticeBar } from '../notice-bar.tsx'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { DeleteQuestion, MoveQuestion, ReplaceQuestion } from './file-dialogs.tsx'
import { createPanelState, type FilesPanelState } from './panel-state.ts'
import { TreeView } from './tree-view.tsx'
import { UnshownNote } from './unshown-note.tsx'
import { UploadButton } from './upload-button.tsx'
import { useUploads } from './use-uploads.ts'

export function FilesPanel() {
  const workbench = useWorkbench()
  const { files, view, isViewer: viewer } = workbench
  const tree = useStore(files.tree)
  const isViewer = useStore(viewer)
  const [panel] = useState(() => createPanelState(files))
  const [question, setQuestion] = useState<{ kind: 'delete' | 'move'; path: string } | null>(null)
  const uploads = useUploads()
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
            <UploadButton onChoose={(choose) => uploads.upload(folder, choose)} />
          </>
        )}
        <IconButton
          label="Search in files"
          icon={<Search size={14} aria-hidden />}
          onClick={() => view.update((now) => ({ ...now, side: 'search' }))}
        />
      </header>
      <NoticeBar area="files" />
      {tree.isKnown || tree.entries.size > 0 ? (
        <TreeView
          panel={panel}
          isViewer={isViewer}
          onQuestion={setQuestion}
          onCreate={create}
          onUpload={uploads.upload}
        />
      ) : (
        <LoadingView say="Reading the files" />
      )}
      <UnshownNote what="shown" />
      <DeleteQuestion path={question?.kind === 'delete' ? question.path : null} onClose={close} />
      <MoveQuestion
        key={question?.path}
        path={question?.kind === 'move' ? question.path : null}
        onClose={close}
      />
      <ReplaceQuestion uploads={uploads} />
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
