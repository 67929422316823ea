// The file tree and its commands: socket.io namespace `/tree` of a runner. The disk owns the tree; a page mirrors it.
import { z } from 'zod'
import type { RoleTold } from './access.ts'
import { DocId, Epoch } from './ids.ts'
import { FolderPath, WorkspacePath } from './paths.ts'
import type { Answer } from './errors.ts'

export const TreeEntry = z.object({
  path: WorkspacePath,
  kind: z.enum(['file', 'folder', 'link']),
  /** Bytes; 0 for folders. */
  size: z.number().min(0),
  /** Milliseconds since 1970. */
  mtime: z.number(),
  /** True for a folder that is not listed by itself (node_modules, .git, .venv …): ask with `list` when it is opened. */
  ignored: z.boolean().optional(),
})
export type TreeEntry = z.infer<typeof TreeEntry>

/** One change. `move` keeps a document's id, so tabs and cursors stay; it moves a folder's whole content. */
export const TreeOp = z.discriminatedUnion('op', [
  z.object({ op: z.literal('put'), entry: TreeEntry }),
  z.object({ op: z.literal('gone'), path: WorkspacePath }),
  z.object({ op: z.literal('move'), from: WorkspacePath, to: WorkspacePath }),
])
export type TreeOp = z.infer<typeof TreeOp>

/** The whole list at revision `rev`, sorted by path. */
export const Tree = z.object({
  rev: z.number().int().min(0),
  entries: z.array(TreeEntry),
  /** How many things no WorkspacePath can name, so that they are in no list: not UTF-8, control characters, too long. */
  unshown: z.number().int().min(0).default(0),
})
export type Tree = z.infer<typeof Tree>

/** Changes that lead from `rev - 1` to `rev`; a page that holds another revision asks for `tree` again. */
export const TreeOps = z.object({
  rev: z.number().int().min(1),
  ops: z.array(TreeOp),
  /** As of Tree, when it is another number than before. */
  unshown: z.number().int().min(0).optional(),
})
export type TreeOps = z.infer<typeof TreeOps>

export const CreateEntry = z.object({ path: WorkspacePath, kind: z.enum(['file', 'folder']) })
export const MoveEntry = z.object({ from: WorkspacePath, to: WorkspacePath })
export const RemoveEntries = z.object({ paths: z.array(WorkspacePath).min(1).max(1000) })
export const ListFolder = z.object({ path: FolderPath })
export const OpenDocument = z.object({ path: WorkspacePath })

/** What opening a path gives: a document to join, or why it is shown another way. */
export const Opened = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('text'),
    path: WorkspacePath,
    doc: DocId,
    epoch: Epoch,
    eol: z.enum(['lf', 'crlf', 'mixed']),
  }),
  z.object({ kind: z.literal('binary'), path: WorkspacePath, size: z.number() }),
  z.object({ kind: z.literal('too-large'), path: WorkspacePath, size: z.number() }),
])
export type Opened = z.infer<typeof Opened>

/** Events a page sends; each takes an acknowledgement callback with an Answer. */
export type TreeFromPage = {
  tree: (give: (answer: Answer<{ tree: Tree }>) => void) => void
  list: (folder: z.infer<typeof ListFolder>, give: (answer: Answer<{ entries: TreeEntry[] }>) => void) => void
  create: (entry: z.infer<typeof CreateEntry>, give: (answer: Answer<{ path: string }>) => void) => void
  move: (move: z.infer<typeof MoveEntry>, give: (answer: Answer<{ path: string }>) => void) => void
  remove: (
    entries: z.infer<typeof RemoveEntries>,
    give: (answer: Answer<{ paths: string[] }>) => void,
  ) => void
  open: (document: z.infer<typeof OpenDocument>, give: (answer: Answer<{ opened: Opened }>) => void) => void
}

/** Events a runner sends. `tree` comes first after connecting; `document` tells that an open document moved, lost its file or has it again. */
export type TreeToPage = {
  tree: (tree: Tree) => void
  ops: (ops: TreeOps) => void
  document: (event: DocumentEvent) => void
  /** This person's role has changed, for every socket of theirs; after null the runner hangs up. Also on `/terminal`. */
  access: (told: RoleTold) => void
}

export const DocumentEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('moved'), doc: DocId, path: WorkspacePath }),
  z.object({ kind: z.literal('gone'), doc: DocId, path: WorkspacePath }),
  /** A document that was told to be gone has its file again. */
  z.object({ kind: z.literal('back'), doc: DocId, path: WorkspacePath }),
])
export type DocumentEvent = z.infer<typeof DocumentEvent>
