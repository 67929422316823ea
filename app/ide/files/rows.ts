// Turns the tree and the set of open folders into the rows that are seen, and keys into moves between them. It draws nothing.
import type { TreeEntry } from '../../../protocol/tree.ts'
import { folderOf, nameOf } from '../../../protocol/paths.ts'

export type Row = {
  entry: TreeEntry
  /** 1 at the top, as assistive technology counts. */
  level: number
  position: number
  siblings: number
  isOpen: boolean
}

export function visibleRows(children: ReadonlyMap<string, TreeEntry[]>, open: ReadonlySet<string>): Row[] {
  const rows: Row[] = []
  const walk = (folder: string, level: number): void => {
    const siblings = children.get(folder) ?? []
    siblings.forEach((entry, index) => {
      const isOpen = entry.kind === 'folder' && open.has(entry.path)
      rows.push({ entry, level, position: index + 1, siblings: siblings.length, isOpen })
      if (isOpen) walk(entry.path, level + 1)
    })
  }
  walk('', 1)
  return rows
}

export type TreeMove =
  | { kind: 'focus'; path: string }
  | { kind: 'fold'; path: string; open: boolean }
  | { kind: 'open'; path: string }
  | null

/** What a key means at `path`, after the pattern of trees that people know from their systems. */
export function treeMove(key: string, rows: readonly Row[], path: string | null): TreeMove {
  const at = rows.findIndex((row) => row.entry.path === path)
  const row = rows[at]
  const focus = (target: Row | undefined): TreeMove =>
    target === undefined ? null : { kind: 'focus', path: target.entry.path }
  if (key === 'Home') return focus(rows[0])
  if (key === 'End') return focus(rows.at(-1))
  if (key === 'ArrowDown') return focus(rows[at + 1])
  if (row === undefined) return null
  if (key === 'ArrowUp') return focus(rows[at - 1])
  if (key === 'Enter' || key === ' ') return openOrFold(row)
  if (key === 'ArrowRight') return intoRow(row, rows[at + 1])
  if (key === 'ArrowLeft') return outOfRow(row)
  return key.length === 1 ? focus(nextNamed(rows, at, key)) : null
}

function openOrFold({ entry, isOpen }: Row): TreeMove {
  return entry.kind === 'folder'
    ? { kind: 'fold', path: entry.path, open: !isOpen }
    : { kind: 'open', path: entry.path }
}

function intoRow({ entry, isOpen, level }: Row, below: Row | undefined): TreeMove {
  if (entry.kind !== 'folder') return null
  if (!isOpen) return { kind: 'fold', path: entry.path, open: true }
  return below !== undefined && below.level > level ? { kind: 'focus', path: below.entry.path } : null
}

function outOfRow({ entry, isOpen }: Row): TreeMove {
  if (isOpen) return { kind: 'fold', path: entry.path, open: false }
  const folder = folderOf(entry.path)
  return folder === '' ? null : { kind: 'focus', path: folder }
}

function nextNamed(rows: readonly Row[], at: number, key: string): Row | undefined {
  const letter = key.toLowerCase()
  const ordered = [...rows.slice(at + 1), ...rows.slice(0, at + 1)]
  return ordered.find((row) => nameOf(row.entry.path).toLowerCase().startsWith(letter))
}
