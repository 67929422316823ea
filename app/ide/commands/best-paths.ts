// Quick open: which files fit what was typed, the best first. It draws nothing.
import { defaultFilter } from 'cmdk'
import { nameOf } from '../../../protocol/paths.ts'
import type { TreeEntry } from '../../../protocol/tree.ts'

/** More files than these are not drawn at once; typing narrows them. */
const mostShown = 200
/** Ranking costs some microseconds each; of more than these the rest waits for another letter. */
const mostRanked = 10_000

/** Files whose path holds the typed letters in their order; a fitting name counts more than a fitting folder. */
export function bestPaths(entries: ReadonlyMap<string, Pick<TreeEntry, 'kind'>>, typed: string): string[] {
  const letters = [...typed.toLowerCase().replaceAll(' ', '')]
  const fitting: string[] = []
  for (const [path, { kind }] of entries) {
    if (kind === 'folder' || !holds(path.toLowerCase(), letters)) continue
    fitting.push(path)
    if (fitting.length >= (letters.length === 0 ? mostShown : mostRanked)) break
  }
  if (letters.length === 0) return fitting
  const wanted = letters.join('')
  const ranked = fitting.map((path) => ({ path, rank: rankOf(path, wanted) }))
  ranked.sort((a, b) => b.rank - a.rank || a.path.length - b.path.length)
  return ranked.slice(0, mostShown).map(({ path }) => path)
}

function holds(path: string, letters: readonly string[]): boolean {
  let at = -1
  return letters.every((letter) => (at = path.indexOf(letter, at + 1)) >= 0)
}

function rankOf(path: string, wanted: string): number {
  return 2 * (defaultFilter?.(nameOf(path), wanted) ?? 0) + (defaultFilter?.(path, wanted) ?? 0)
}
