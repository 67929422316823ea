// The questions of the files panel: delete, replace by an upload, and where to move something without a drag.
import { useState } from 'react'
import { folderOf, isWithin, nameOf } from '../../../protocol/paths.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm, Dialog, DialogActions } from '../../ui/dialog.tsx'
import { inputClasses } from '../../ui/field.tsx'
import { shownName, shownPath } from '../../ui/shown-name.ts'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import { replaceWords } from './uploads.ts'
import type { Uploads } from './use-uploads.ts'

interface QuestionProps {
  path: string | null
  onClose: () => void
}

export function DeleteQuestion({ path, onClose }: QuestionProps) {
  const { files, notices } = useWorkbench()
  const entries = useStore(files.tree).entries
  if (path === null) return null
  const isFolder = entries.get(path)?.kind === 'folder'
  const name = shownName(nameOf(path))
  return (
    <Confirm
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Delete ${name}?`}
      say={
        isFolder
          ? `${name} and everything in it is removed for everybody here.`
          : `${name} is removed for everybody here.`
      }
      action={`Delete ${name}`}
      onConfirm={() => {
        onClose()
        notices.attempt('files', () => files.remove([path]))
      }}
    />
  )
}

/** Asked before an upload writes over files that are here. */
export function ReplaceQuestion({ uploads }: { uploads: Uploads }) {
  if (uploads.asked.length === 0) return null
  const { what, say } = replaceWords(uploads.asked)
  return (
    <Confirm
      open
      onOpenChange={(open) => !open && uploads.skip()}
      title={`Replace ${what}?`}
      say={say}
      cancel={uploads.asked.length === 1 ? 'Skip it' : 'Skip them'}
      action={`Replace ${what}`}
      onConfirm={uploads.replace}
    />
  )
}

export function MoveQuestion({ path, onClose }: QuestionProps) {
  const { files, notices, tabs } = useWorkbench()
  const entries = useStore(files.tree).entries
  const [to, setTo] = useState('')
  if (path === null) return null
  const name = nameOf(path)
  const folders = [...entries.values()]
    .filter((entry) => entry.kind === 'folder' && entry.ignored !== true && !isWithin(path, entry.path))
    .map((entry) => entry.path)
    .sort()
  const move = (): void => {
    const target = to === '' ? name : `${to}/${name}`
    onClose()
    notices.attempt('files', () => files.move(path, target).then(() => tabs.moved(path, target)))
  }
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Move ${shownName(name)}`}
      say="Choose the folder it goes into."
    >
      <label htmlFor="move-to" className="mb-1 block font-medium">
        Folder
      </label>
      <select
        id="move-to"
        className={inputClasses}
        value={to}
        onChange={(event) => setTo(event.target.value)}
      >
        <option value="">the workspace itself</option>
        {folders.map((folder) => (
          <option key={folder} value={folder}>
            {shownPath(folder)}
          </option>
        ))}
      </select>
      <DialogActions>
        <Button onClick={onClose}>Keep it here</Button>
        <Button look="primary" disabled={to === folderOf(path)} onClick={move}>
          Move {shownName(name)}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
