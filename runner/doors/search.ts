// The search door: `POST /r/<repl>/search`. Permits, brings what is on the screens to the disk, streams what is found. The token
// has been checked before.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { can, type DoorClaims } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { SearchQuery } from '../../protocol/search.ts'
import type { Confined } from '../workspace/confine.ts'
import { searchFiles } from '../workspace/search.ts'
import type { DocumentsForTree } from '../workspace/seams.ts'
import type { WorkspaceTree } from '../workspace/tree.ts'
import { readJson } from './requests.ts'

/** Searches at once: each has a thread of its own. A class that searches together waits its turn in words. */
const mostAtOnce = 4

export type SearchDeps = {
  confined: Confined
  documents: Pick<DocumentsForTree, 'settle'>
  tree: Pick<WorkspaceTree, 'snapshot'>
}
/** `recheck` throws when the person's role has changed meanwhile. */
export type Asker = { claims: DoorClaims; recheck: () => void }
export type SearchDoor = (request: IncomingMessage, response: ServerResponse, asker: Asker) => Promise<void>

export function searchDoor({ confined, documents, tree }: SearchDeps): SearchDoor {
  let running = 0
  return async (request, response, { claims, recheck }) => {
    if (request.method !== 'POST') throw new AppError('bad-input', { say: 'A search is asked with POST.' })
    if (!can(claims.role, 'file.read'))
      throw new AppError('forbidden', { say: 'Your role here does not allow this.' })
    const query = SearchQuery.parse(await readJson(request))
    if (running >= mostAtOnce)
      throw new AppError('too-many', { say: 'Others are searching right now. Try again in a moment.' })
    running += 1
    const leaving = new AbortController()
    response.once('close', () => leaving.abort())
    try {
      await documents.settle()
      const { entries } = tree.snapshot()
      await stream(response, searchFiles(query, { confined, entries, signal: leaving.signal }), recheck)
    } finally {
      running -= 1
    }
  }
}

/** Each line as it is found; a reader that is slow holds the search back. What fails before the first line fails the request. */
async function stream(
  response: ServerResponse,
  lines: AsyncGenerator<object>,
  recheck: () => void,
): Promise<void> {
  for await (const line of lines) {
    recheck()
    if (response.destroyed) return
    if (!response.headersSent)
      response.writeHead(200, {
        'content-type': 'application/x-ndjson',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
    if (!response.write(`${JSON.stringify(line)}\n`) && !response.destroyed)
      await Promise.race([once(response, 'drain'), once(response, 'close')])
  }
  response.end()
}
