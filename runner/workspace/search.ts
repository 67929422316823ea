// Searches the workspace's text files, one after the other, as they lie on the disk. Bounded in files, bytes, time and places; ends
// when its caller does. Knows no page.
import { AppError } from '../../protocol/errors.ts'
import { mostMatches, type SearchLine, type SearchQuery } from '../../protocol/search.ts'
import type { TreeEntry } from '../../protocol/tree.ts'
import { decode } from './codec.ts'
import type { Confined } from './confine.ts'
import { startSearcher, type Searcher } from './search-worker.ts'

/** Bytes of a file above which nobody wrote it by hand. */
const fileBytes = 1024 * 1024
/** Bytes of all files together, and milliseconds, after which a search ends: a person asks again more narrowly. */
const allBytes = 256 * 1024 * 1024
const searchMs = 20_000

export type SearchParts = {
  confined: Pick<Confined, 'read'>
  /** What is listed: folders that are not (node_modules) are not looked through. */
  entries: readonly TreeEntry[]
  signal: AbortSignal
}

/** Throws `bad-input` for a pattern that is none, before the first line. */
export async function* searchFiles(query: SearchQuery, parts: SearchParts): AsyncGenerator<SearchLine> {
  if (parts.signal.aborted) return
  const searcher = startSearcher(query)
  parts.signal.addEventListener('abort', () => void searcher.end(), { once: true })
  const count = { files: 0, bytes: 0, matches: 0 }
  const until = performance.now() + searchMs
  try {
    for (const entry of parts.entries) {
      if (parts.signal.aborted) return
      if (performance.now() > until || count.bytes > allBytes) return yield done(count.files, 'slow')
      const found = await searchFile(entry, { ...parts, searcher })
      if (found === 'slow') return yield done(count.files, 'slow')
      if (found === null) continue
      count.files += 1
      count.bytes += entry.size
      const matches = found.slice(0, mostMatches - count.matches)
      count.matches += matches.length
      if (matches.length > 0) yield { path: entry.path, matches }
      if (count.matches >= mostMatches) return yield done(count.files, 'many')
    }
    yield done(count.files, null)
  } finally {
    await searcher.end()
  }
}

function done(files: number, stopped: 'many' | 'slow' | null): SearchLine {
  return { done: true, files, stopped }
}

/** Null for what holds no text. */
async function searchFile(
  { path, kind, size }: TreeEntry,
  { confined, searcher }: SearchParts & { searcher: Searcher },
) {
  if (kind !== 'file' || size === 0 || size > fileBytes) return null
  const decoded = await read(confined, path)
  return decoded?.kind === 'text' ? ((await searcher.find(decoded.text)) ?? 'slow') : null
}

/** A file that is gone, closed to us or larger meanwhile is passed over. */
async function read(confined: Pick<Confined, 'read'>, path: string) {
  try {
    return decode((await confined.read(path, fileBytes)).bytes)
  } catch (thrown) {
    if (thrown instanceof AppError) return null
    throw thrown
  }
}
