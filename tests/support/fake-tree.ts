// Test part: the `/tree` namespace over files in memory, whose text documents live in the test's LinkRunner. Never shipped.
import type { Namespace } from 'socket.io'
import { isWithin } from '../../protocol/paths.ts'
import type { Tree, TreeEntry, TreeFromPage, TreeOp, TreeToPage } from '../../protocol/tree.ts'
import { aDocId, anEpoch } from './keys.ts'
import type { LinkRunner } from './link-runner.ts'

export class FakeTree {
  readonly entries = new Map<string, TreeEntry>()
  readonly docs = new Map<string, { doc: string; epoch: string }>()
  /** How often a page asked for the whole list. */
  asked = 0
  rev = 0
  readonly #space: Namespace<TreeFromPage, TreeToPage>

  constructor(space: Namespace<TreeFromPage, TreeToPage>, runner: LinkRunner) {
    this.#space = space
    space.on('connection', (socket) => {
      socket.emit('tree', this.#tree())
      socket.on('tree', (give) => {
        this.asked += 1
        give({ ok: true, tree: this.#tree() })
      })
      socket.on('open', ({ path }, give) => {
        const entry = this.entries.get(path)
        if (!entry) return give({ ok: false, error: { code: 'not-found', say: 'There is no such file.' } })
        if (path.endsWith('.png'))
          return give({ ok: true, opened: { kind: 'binary', path, size: entry.size } })
        const held = this.docs.get(path) ?? this.#addDocument(path, '', runner)
        give({ ok: true, opened: { kind: 'text', path, ...held, eol: 'lf' } })
      })
      socket.on('create', ({ path, kind }, give) => {
        if (this.entries.has(path))
          return give({ ok: false, error: { code: 'exists', say: `${path} is already there.` } })
        this.change({ op: 'put', entry: entryOf(path, kind) })
        give({ ok: true, path })
      })
      socket.on('move', ({ from, to }, give) => {
        this.change({ op: 'move', from, to })
        give({ ok: true, path: to })
      })
      socket.on('remove', ({ paths }, give) => {
        this.change(...paths.map((path): TreeOp => ({ op: 'gone', path })))
        give({ ok: true, paths })
      })
      socket.on('list', (_folder, give) => give({ ok: true, entries: [] }))
    })
    this.addDocument = (path, text) => this.#addDocument(path, text, runner)
  }

  addDocument: (path: string, text: string) => { doc: string; epoch: string }

  #addDocument(path: string, text: string, runner: LinkRunner): { doc: string; epoch: string } {
    const room = { doc: aDocId(), epoch: anEpoch() }
    runner.seed(room.doc, room.epoch, text)
    this.docs.set(path, room)
    this.entries.set(path, entryOf(path, 'file'))
    return room
  }

  /** Changes the files and tells every page, unless the message is to be lost. */
  change(...ops: TreeOp[]): void {
    this.#apply(ops)
    this.#space.emit('ops', { rev: this.rev, ops })
  }

  /** As `change`, but no page hears of it. */
  changeUnheard(...ops: TreeOp[]): void {
    this.#apply(ops)
  }

  #apply(ops: TreeOp[]): void {
    this.rev += 1
    for (const op of ops) {
      if (op.op === 'put') this.entries.set(op.entry.path, op.entry)
      else {
        const from = op.op === 'gone' ? op.path : op.from
        for (const entry of [...this.entries.values()].filter(({ path }) => isWithin(from, path))) {
          this.entries.delete(entry.path)
          if (op.op === 'gone') continue
          const path = op.to + entry.path.slice(from.length)
          this.entries.set(path, { ...entry, path })
        }
      }
    }
  }

  #tree(): Tree {
    const entries = [...this.entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
    return { rev: this.rev, entries, unshown: 0 }
  }
}

export function entryOf(path: string, kind: 'file' | 'folder' = 'file'): TreeEntry {
  return { path, kind, size: kind === 'file' ? 120 : 0, mtime: 1_700_000_000_000 }
}
