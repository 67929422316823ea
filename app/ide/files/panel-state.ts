// What the files panel shows beyond the tree itself: open folders, the focused row, a name being typed. It draws nothing.
import { folderOf, isWithin, nameOf } from '../../../protocol/paths.ts'
import { createStore, type Readable } from '../store.ts'
import type { Files } from './files.ts'

export type Naming =
  { kind: 'create'; folder: string; what: 'file' | 'folder' } | { kind: 'rename'; path: string }

export type PanelState = {
  open: ReadonlySet<string>
  focused: string | null
  naming: Naming | null
}

export type FilesPanelState = {
  state: Readable<PanelState>
  focus: (path: string | null) => void
  fold: (path: string, open: boolean) => Promise<void>
  /** Opens the folders above `path` and focuses it. */
  reveal: (path: string) => void
  name: (naming: Naming | null) => void
  /** Does what the typed name means; answers the path made or moved to, or null when nothing was to be done. */
  named: (name: string) => Promise<string | null>
}

export function createPanelState(files: Files): FilesPanelState {
  const state = createStore<PanelState>({ open: new Set(), focused: null, naming: null })
  const change = (next: Partial<PanelState>): void => state.update((now) => ({ ...now, ...next }))
  const opened = (paths: string[]): ReadonlySet<string> => new Set([...state.get().open, ...paths])
  return {
    state,
    focus: (focused) => change({ focused }),
    fold: async (path, isOpen) => {
      change({
        focused: path,
        open: isOpen ? opened([path]) : new Set([...state.get().open].filter((other) => other !== path)),
      })
      const { entries } = files.tree.get()
      // Folders like node_modules are listed when somebody looks into them.
      const isOutside = [...entries.values()].some(
        (entry) => entry.ignored === true && isWithin(entry.path, path),
      )
      if (isOpen && isOutside) await files.list(path)
    },
    reveal: (path) => change({ open: opened(foldersAbove(path)), focused: path }),
    name: (naming) => {
      const folder = naming?.kind === 'create' && naming.folder !== '' ? [naming.folder] : []
      change({ naming, open: opened(folder) })
    },
    named: async (typed) => {
      const { naming } = state.get()
      change({ naming: null })
      const name = typed.trim()
      if (naming === null || name === '') return null
      if (naming.kind === 'rename') return rename(files, naming.path, name)
      const path = naming.folder === '' ? name : `${naming.folder}/${name}`
      await files.create(path, naming.what)
      return path
    },
  }
}

async function rename(files: Files, path: string, name: string): Promise<string | null> {
  if (name === nameOf(path)) return null
  const folder = folderOf(path)
  const to = folder === '' ? name : `${folder}/${name}`
  await files.move(path, to)
  return to
}

export function foldersAbove(path: string): string[] {
  const folders: string[] = []
  for (let folder = folderOf(path); folder !== ''; folder = folderOf(folder)) folders.push(folder)
  return folders
}
