// Hands the running core to every panel of the workbench; it makes none.
import { createContext, useContext } from 'react'
import type { Person, Repl } from '../../protocol/repl.ts'
import type { EditorPlaces, TabUse } from './editor/code-editor.ts'
import type { Notices } from './notices.ts'
import type { Store } from './store.ts'
import type { WorkbenchCore } from './workbench.ts'

export type NarrowPanel = 'files' | 'editor' | 'terminal' | 'preview' | 'people'

/** A place in a file, line and column from 1. */
export type Place = { path: string; line: number; column: number; length: number }

/** What this page alone shows; nobody else sees it. */
export type ViewState = {
  terminal: number | null
  /** Terminal that was just opened for this person and takes the keyboard once it is shown. */
  keyboardFor: number | null
  narrow: NarrowPanel
  /** What the upper part of the side shows. */
  side: 'files' | 'search'
  /** Where the editor is to show once that file's text is there. */
  place: Place | null
  /** `share`, `members` and `activity` are sides of one dialog. */
  dialog: 'share' | 'members' | 'activity' | 'stop' | 'palette' | 'details' | null
  /** Place of the cursor in the shown document. */
  cursor: { line: number; column: number; language: string; tab: TabUse | null } | null
}

export type Workbench = WorkbenchCore & {
  repl: Repl
  person: Person
  notices: Notices
  view: Store<ViewState>
  places: EditorPlaces
}

export const WorkbenchContext = createContext<Workbench | null>(null)

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext)
  if (workbench === null) throw new Error('A panel was drawn outside the workbench')
  return workbench
}
