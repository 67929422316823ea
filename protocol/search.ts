// Search in a repl's files: what is asked, and the lines in which the answer comes.
import { z } from 'zod'
import { WireError } from './errors.ts'
import { WorkspacePath } from './paths.ts'

/**
 * Asked of a runner: `POST /r/<repl>/search` with SearchQuery; answered with lines of JSON SearchLine, `done` or `failed` the
 * last. Whoever hangs up calls the search off.
 */
export const SearchQuery = z.object({
  text: z.string().min(1).max(500),
  /** `text` is a JavaScript regular expression. */
  regex: z.boolean().default(false),
  caseSensitive: z.boolean().default(false),
  wholeWord: z.boolean().default(false),
})
export type SearchQuery = z.infer<typeof SearchQuery>

/** Places found in all, and in one file, after which a search ends or goes on to the next file. */
export const mostMatches = 2000
export const mostMatchesInFile = 200
/** Characters of a line that are shown around a place. */
export const shownCharacters = 200

/** A place: line and column from 1, in UTF-16 units of the LF text; `text` is a part of its line, with the place at `at`. */
export const SearchMatch = z.object({
  line: z.number().int().min(1),
  column: z.number().int().min(1),
  length: z.number().int().min(0),
  text: z.string().max(shownCharacters),
  at: z.number().int().min(0),
})
export type SearchMatch = z.infer<typeof SearchMatch>

export const SearchLine = z.union([
  z.object({ path: WorkspacePath, matches: z.array(SearchMatch).min(1).max(mostMatchesInFile) }),
  /** `stopped`: why not every file was looked through. `files`: how many were. */
  z.object({ done: z.literal(true), files: z.number(), stopped: z.enum(['many', 'slow']).nullable() }),
  z.object({ failed: WireError }),
])
export type SearchLine = z.infer<typeof SearchLine>
