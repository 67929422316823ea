// The workspace's tree as a mirror of the runner's revisioned list: applies what follows, asks again after a gap. It draws nothing.
import { folderOf, isWithin } from '../../../protocol/paths.ts'
import { Tree, TreeOps, type TreeEntry, type TreeOp } from '../../../protocol/tree.ts'
import { createStore, type Readable } from '../store.ts'

export type TreeState = {
  rev: number
  entries: ReadonlyMap<string, TreeEntry>
  /** How many things are there whose names cannot be shown. */
  unshown: number
  /** False until the first list came. */
  isKnown: boolean
}

export type TreeMirror = {
  state: Readable<TreeState>
  /** The whole list, whatever was held before. */
  whole: (tree: unknown) => void
  ops: (ops: unknown) => void
  /** What an ignored folder holds, once it was opened. */
  listed: (entries: TreeEntry[]) => void
  /** The next list is of another session: revisions start anew. */
  forget: () => void
}

/** `askAgain` is called once for each gap; its answer comes through `whole`. */
export function createTreeMirror(askAgain: () => void): TreeMirror {
  const state = createStore<TreeState>({ rev: 0, entries: new Map(), unshown: 0, isKnown: false })
  let isAsking = false
  const ask = (): void => {
    if (isAsking) return
    isAsking = true
    askAgain()
  }
  return {
    state,
    whole: (received) => {
      const tree = Tree.safeParse(received)
      if (!tree.success) return
      isAsking = false
      const entries = new Map(tree.data.entries.map((entry) => [entry.path, entry]))
      keepListed(state.get().entries, entries)
      state.set({ rev: tree.data.rev, entries, unshown: tree.data.unshown, isKnown: true })
    },
    ops: (received) => {
      const ops = TreeOps.safeParse(received)
      const { rev, entries, isKnown } = state.get()
      if (!ops.success) return ask()
      if (isKnown && ops.data.rev <= rev) return
      if (!isKnown || ops.data.rev !== rev + 1) return ask()
      state.update(({ unshown }) => ({
        rev: ops.data.rev,
        entries: applyOps(entries, ops.data.ops),
        unshown: ops.data.unshown ?? unshown,
        isKnown: true,
      }))
    },
    listed: (listed) => {
      const entries = new Map(state.get().entries)
      for (const entry of listed) entries.set(entry.path, entry)
      state.update((now) => ({ ...now, entries }))
    },
    forget: () => {
      isAsking = false
      state.update((now) => ({ ...now, isKnown: false }))
    },
  }
}

/** What was listed inside ignored folders is no part of a whole list and stays until its folder goes. */
function keepListed(old: ReadonlyMap<string, TreeEntry>, next: Map<string, TreeEntry>): void {
  const ignored = [...next.values()].filter((entry) => entry.ignored === true).map((entry) => entry.path)
  if (ignored.length === 0) return
  for (const [path, entry] of old) {
    if (!next.has(path) && ignored.some((folder) => isWithin(folder, path))) next.set(path, entry)
  }
}

export function applyOps(entries: ReadonlyMap<string, TreeEntry>, ops: TreeOp[]): Map<string, TreeEntry> {
  const next = new Map(entries)
  for (const op of ops) {
    if (op.op === 'put') next.set(op.entry.path, op.entry)
    else if (op.op === 'gone') take(next, op.path)
    else
      for (const entry of take(next, op.from))
        next.set(moved(entry.path, op), { ...entry, path: moved(entry.path, op) })
  }
  return next
}

const moved = (path: string, move: { from: string; to: string }): string =>
  move.to + path.slice(move.from.length)

/** Removes `path` and all below it, and answers what was removed. */
function take(entries: Map<string, TreeEntry>, path: string): TreeEntry[] {
  const taken = [...entries.values()].filter((entry) => isWithin(path, entry.path))
  for (const entry of taken) entries.delete(entry.path)
  return taken
}

/** The entries of each folder: folders first, then by name as people read it. */
export function childrenByFolder(entries: ReadonlyMap<string, TreeEntry>): Map<string, TreeEntry[]> {
  const folders = new Map<string, TreeEntry[]>()
  for (const entry of entries.values()) {
    const folder = folderOf(entry.path)
    const siblings = folders.get(folder)
    if (siblings === undefined) folders.set(folder, [entry])
    else siblings.push(entry)
  }
  for (const siblings of folders.values()) siblings.sort(inOrder)
  return folders
}

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
const isFolder = (entry: TreeEntry): boolean => entry.kind === 'folder'

function inOrder(a: TreeEntry, b: TreeEntry): number {
  if (isFolder(a) !== isFolder(b)) return isFolder(a) ? -1 : 1
  return byName.compare(a.path, b.path) || (a.path < b.path ? -1 : 1)
}
