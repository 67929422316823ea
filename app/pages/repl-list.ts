// Order and search of the list of repls: pure.
import type { Repl } from '../../protocol/repl.ts'

export function keptRepls(repls: readonly Repl[]): Repl[] {
  return repls.filter(({ phase }) => phase !== 'DELETED')
}

/** Newest first by creation, so that a row never jumps away under the pointer when its repl changes. */
export function orderRepls(repls: readonly Repl[]): Repl[] {
  return keptRepls(repls).sort((a, b) => b.createdAt - a.createdAt || a.id.localeCompare(b.id))
}

/** What can still be brought back: deleted last, first. */
export function deletedRepls(repls: readonly Repl[]): Repl[] {
  const gone = repls.filter(({ phase }) => phase === 'DELETED')
  return gone.sort((a, b) => (b.goneAt ?? 0) - (a.goneAt ?? 0) || a.id.localeCompare(b.id))
}

const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** The repls whose name (or owner's name) holds every word of `search`, whatever the case and accents. */
export function matching(repls: readonly Repl[], search: string): Repl[] {
  const words = folded(search).split(/\s+/).filter(Boolean)
  return repls.filter((repl) => {
    const text = folded(`${repl.name} ${repl.ownerName}`)
    return words.every((word) => text.includes(word))
  })
}
