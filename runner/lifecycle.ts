// Ends a session in order, and takes the ending back: edits held, programs ended, everything of the disk taken in, all put
// away. Each part is another's; the order is here.
import type { Logger } from 'pino'
import type { Documents } from './documents/documents.ts'
import type { Link } from './doors/link.ts'

export type LifecycleDeps = {
  link: Pick<Link, 'freeze' | 'thaw'>
  documents: Pick<Documents, 'materialise' | 'putAway'>
  terminals: { boxGone(): boolean; endAll(): Promise<void> }
  watcher: { sweep(): Promise<void> }
  /** Uploads and commands of pages that are under way; none begins while we stop. */
  changes: { ended(): Promise<void> }
  logger: Logger
}

export class Lifecycle {
  readonly #deps: LifecycleDeps
  #stopping: Promise<{ seq: number }> | null = null

  constructor(deps: LifecycleDeps) {
    this.#deps = deps
  }

  get stopping(): boolean {
    return this.#stopping !== null
  }

  /** May be asked again: the answer is the same until `resume`; after a failure it is tried anew. */
  quiesce(say: string): Promise<{ seq: number }> {
    this.#stopping ??= this.#quiesce(say).catch((fault: unknown) => {
      this.resume()
      throw fault
    })
    return this.#stopping
  }

  resume(): void {
    this.#stopping = null
    this.#deps.link.thaw('stopping')
  }

  async #quiesce(say: string): Promise<{ seq: number }> {
    const { link, documents, watcher, changes, logger } = this.#deps
    await link.freeze('stopping', say)
    await changes.ended()
    // Programs that end may still read their files. What a full disk does not take stays in the log, and wins at the next start.
    await documents
      .materialise('stop')
      .catch((fault: unknown) => logger.warn({ err: fault }, 'a file could not be written before the stop'))
    await this.#endPrograms()
    await watcher.sweep()
    const seq = await documents.putAway()
    logger.info({ seq }, 'quiesced')
    return { seq }
  }

  /** A box that is gone has its programs ended with its sandbox; one that is there, be it silent, and does not end them stops the stop. */
  async #endPrograms(): Promise<void> {
    const { terminals, logger } = this.#deps
    await terminals.endAll().catch((fault: unknown) => {
      if (!terminals.boxGone()) throw fault
      logger.warn({ err: fault }, 'the box is gone: its programs are ended with its sandbox')
    })
  }
}
