// The search door: `POST /r/<repl>/search`. Permits, brings what is on the screens to the disk, streams what is found. The token
// has been checked before.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { can, type DoorClaims } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { SearchQuery, type SearchLine } from '../../protocol/search.ts'
import type { Confined } from '../workspace/confine.ts'
import { searchFiles } from '../workspace/search.ts'
import type { DocumentsForTree } from '../workspace/seams.ts'
import type { WorkspaceTree } from '../workspace/tree.ts'
import { answerFailure, readJson } from './requests.ts'

/** Searches at once, each with a thread of its own and of another person. A class that searches together waits its turn in words. */
const mostAtOnce = 4
/** Milliseconds that somebody has to read the rest of an answer once it is whole. */
const usualReadMs = 30_000

export type SearchDeps = {
  confined: Confined
  documents: Pick<DocumentsForTree, 'settle'>
  tree: Pick<WorkspaceTree, 'snapshot'>
  readMs?: number
}
/** `recheck` throws when the person's role has changed meanwhile. */
export type Asker = { claims: DoorClaims; recheck: () => void }
export type SearchDoor = (request: IncomingMessage, response: ServerResponse, asker: Asker) => Promise<void>

export function searchDoor({ confined, documents, tree, readMs = usualReadMs }: SearchDeps): SearchDoor {
  /** The newest of each person, until its answer has left: each waits for the one before it, so that one of them works. */
  const running = new Map<string, AnsweredSearch>()
  return async (request, response, { claims, recheck }) => {
    if (request.method !== 'POST') throw new AppError('bad-input', { say: 'A search is asked with POST.' })
    if (!can(claims.role, 'file.read'))
      throw new AppError('forbidden', { say: 'Your role here does not allow this.' })
    const query = SearchQuery.parse(await readJson(request))
    const older = running.get(claims.sub)
    if (
      older?.isWorking !== true &&
      [...running.values()].filter((each) => each.isWorking).length >= mostAtOnce
    )
      throw new AppError('too-many', { say: 'Others are searching right now. Try again in a moment.' })
    older?.giveWay()
    const mine = new AnsweredSearch(response, readMs)
    running.set(claims.sub, mine)
    try {
      await older?.over
      // A newer one may have come while it waited: then it costs no disk and no thread.
      if (!mine.signal.aborted) await documents.settle()
      if (mine.signal.aborted) return
      const { entries } = tree.snapshot()
      await mine.answer(searchFiles(query, { confined, entries, signal: mine.signal }), recheck)
    } finally {
      mine.worked()
      void mine.over.then(() => running.get(claims.sub) === mine && running.delete(claims.sub))
    }
  }
}

/**
 * One search and its answer. The answer is bounded (`mostMatches`), so it never waits for its reader: whoever reads slowly holds
 * up their own answer and nobody's search.
 */
class AnsweredSearch {
  readonly #response: ServerResponse
  readonly #readMs: number
  readonly #leaving = new AbortController()
  /** Resolves when its work has ended and its answer has left. */
  readonly over: Promise<void>
  #end: () => void = () => undefined
  #late: NodeJS.Timeout | undefined
  #hasLeft = false
  isWorking = true

  constructor(response: ServerResponse, readMs: number) {
    this.#response = response
    this.#readMs = readMs
    this.over = new Promise((end) => (this.#end = end))
    if (response.destroyed) this.#gone()
    else response.once('close', () => this.#gone())
  }

  worked(): void {
    this.isWorking = false
    if (this.#hasLeft) this.#end()
    else this.#bound()
  }

  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  /** Each line as it is found. What fails before the first line fails the request. */
  async answer(lines: AsyncGenerator<SearchLine>, recheck: () => void): Promise<void> {
    for await (const line of lines) {
      if (this.signal.aborted) return
      recheck()
      this.#write(line)
    }
    this.#response.end()
  }

  /** The same person searches for something else now. */
  giveWay(): void {
    if (this.signal.aborted) return
    this.#leaving.abort()
    this.#bound()
    const failure = new AppError('conflict', {
      say: 'Another search of yours has taken the place of this one.',
    })
    if (!this.#response.headersSent) return answerFailure(this.#response, failure)
    // What has not been read yet is not kept beside the answer of the next one.
    if (this.#response.writableLength > 0) return void this.#response.destroy()
    if (this.#response.writableEnded) return
    this.#write({ failed: failure.toWire() })
    this.#response.end()
  }

  #write(line: SearchLine): void {
    if (!this.#response.headersSent)
      this.#response.writeHead(200, {
        'content-type': 'application/x-ndjson',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
    this.#response.write(`${JSON.stringify(line)}\n`)
  }

  /** From here on its reader has a bounded time. An answer that waits behind another on its connection never says that it closed. */
  #bound(): void {
    this.#late ??= setTimeout(() => {
      this.#response.destroy()
      this.#gone()
    }, this.#readMs)
  }

  #gone(): void {
    clearTimeout(this.#late)
    this.#hasLeft = true
    this.#leaving.abort()
    if (!this.isWorking) this.#end()
  }
}
