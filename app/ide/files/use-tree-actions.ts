// What a person does in the tree, by pointer or by keys: opening, folding, naming, asking to delete. It draws nothing.
import type { KeyboardEvent } from 'react'
import { useStore } from '../use-store.ts'
import { useWorkbench } from '../workbench-context.ts'
import type { FilesPanelState, Naming } from './panel-state.ts'
import { treeMove, type Row } from './rows.ts'
import type { Question } from './tree-menu.tsx'

export type TreeActionsParts = {
  panel: FilesPanelState
  rows: Row[]
  isViewer: boolean
  onQuestion: (question: Question) => void
  /** Gives the keyboard back to the tree after a name was typed. */
  refocus: () => void
}

export type TreeActions = {
  press: (row: Row) => void
  keys: (event: KeyboardEvent) => void
  named: (name: string) => void
}

export function useTreeActions({
  panel,
  rows,
  isViewer,
  onQuestion,
  refocus,
}: TreeActionsParts): TreeActions {
  const { tabs, notices, view } = useWorkbench()
  const { focused, naming } = useStore(panel.state)
  const openFile = (path: string): void => {
    panel.focus(path)
    tabs.open(path)
    view.update((now) => ({ ...now, narrow: 'editor' }))
  }
  const fold = (path: string, open: boolean): void => notices.attempt('files', () => panel.fold(path, open))
  const settle = (path: string, was: Naming | null): void => {
    if (was?.kind === 'rename') tabs.moved(was.path, path)
    panel.reveal(path)
    if (was?.kind === 'create' && was.what === 'file') openFile(path)
  }
  const change = (key: string): boolean => {
    if (isViewer || focused === null) return false
    if (key === 'F2') panel.name({ kind: 'rename', path: focused })
    else if (key === 'Delete') onQuestion({ kind: 'delete', path: focused })
    else return false
    return true
  }
  const walk = (key: string): boolean => {
    const move = treeMove(key, rows, focused)
    if (move?.kind === 'focus') panel.focus(move.path)
    if (move?.kind === 'open') openFile(move.path)
    if (move?.kind === 'fold') fold(move.path, move.open)
    return move !== null
  }
  return {
    press: ({ entry, isOpen }) =>
      entry.kind === 'folder' ? fold(entry.path, !isOpen) : openFile(entry.path),
    keys: (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return
      if (change(event.key) || walk(event.key)) event.preventDefault()
    },
    named: (name) => {
      const was = naming
      notices.attempt('files', async () => {
        const path = await panel.named(name)
        refocus()
        if (path !== null) settle(path, was)
      })
    },
  }
}
