// Dragging in the tree: rows onto folders are moves, files from outside are uploads. It draws nothing.
import { useState, type DragEvent } from 'react'
import { folderOf, isWithin, nameOf } from '../../../protocol/paths.ts'
import type { TreeEntry } from '../../../protocol/tree.ts'
import { useWorkbench } from '../workbench-context.ts'
import { chosenFrom } from './chosen.ts'
import type { Uploads } from './use-uploads.ts'

const dragType = 'application/x-devex-path'

export type Drops = {
  /** Folder under the pointer, the empty string for the workspace, null when nothing is dragged. */
  target: string | null
  start: (event: DragEvent, path: string) => void
  over: (event: DragEvent, entry: TreeEntry | null) => void
  drop: (event: DragEvent, entry: TreeEntry | null) => void
  leave: () => void
}

const folderFor = (entry: TreeEntry | null): string => {
  if (entry === null) return ''
  return entry.kind === 'folder' ? entry.path : folderOf(entry.path)
}

export function useDrops(isAllowed: boolean, upload: Uploads['upload']): Drops {
  const { files, notices, tabs } = useWorkbench()
  const [target, setTarget] = useState<string | null>(null)
  const moveInto = (from: string, folder: string): void => {
    const to = folder === '' ? nameOf(from) : `${folder}/${nameOf(from)}`
    if (to === from || isWithin(from, folder)) return
    notices.attempt('files', () => files.move(from, to).then(() => tabs.moved(from, to)))
  }
  return {
    target,
    leave: () => setTarget(null),
    start: (event, path) => {
      event.dataTransfer.setData(dragType, path)
      event.dataTransfer.effectAllowed = 'move'
    },
    over: (event, entry) => {
      const { types } = event.dataTransfer
      if (!isAllowed || (!types.includes(dragType) && !types.includes('Files'))) return
      event.preventDefault()
      event.stopPropagation()
      setTarget(folderFor(entry))
    },
    drop: (event, entry) => {
      if (!isAllowed) return
      event.preventDefault()
      event.stopPropagation()
      setTarget(null)
      const folder = folderFor(entry)
      const from = event.dataTransfer.getData(dragType)
      if (from !== '') return moveInto(from, folder)
      const { dataTransfer } = event
      upload(folder, () => chosenFrom(dataTransfer))
    },
  }
}
