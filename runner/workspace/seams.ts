// What the tree and file doors need from the documents room; holds no implementation.
import type { DocumentEvent, Opened } from '../../protocol/tree.ts'

export interface DocumentsForTree {
  /**
   * The document of a file, or why it is shown another way. Refuses a missing file with `not-found`, and with `known` one that
   * never was a document with `read-only`.
   */
  open(path: string, only?: { known?: boolean }): Promise<Opened>
  /**
   * A file or a whole folder has another path now; documents below it keep their id and history. Called once for every
   * rename, whoever made it (a command of a page, or `mv` in a shell), before pages hear of it.
   */
  moved(from: string, to: string): Promise<void>
  /**
   * Materialises every document, so that whoever looks at the disk next sees what is on the screens. Throws only when the
   * file at `path` could not be written.
   */
  settle(path?: string): Promise<void>
  /** Tells of open documents that moved or lost their file; returns how to stop listening. */
  onEvent(listener: (event: DocumentEvent) => void): () => void
}
