// The tree's door: socket.io namespace `/tree`. Parses and permits what pages ask, tells them what changed on the disk.
// Who may come in is decided before (socket.data.claims); what a tree is, in workspace/.
import type { Logger } from 'pino'
import type { Namespace, Socket } from 'socket.io'
import { z } from 'zod'
import { can, DoorClaims, type Action } from '../../protocol/access.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import {
  CreateEntry,
  ListFolder,
  MoveEntry,
  OpenDocument,
  RemoveEntries,
  type TreeOp,
} from '../../protocol/tree.ts'
import { folderOf, isWithin } from '../../protocol/paths.ts'
import type { Confined } from '../workspace/confine.ts'
import type { DocumentsForTree } from '../workspace/seams.ts'
import type { WorkspaceTree } from '../workspace/tree.ts'
import { refuseBehind } from './behind.ts'
import type { Changes } from './changes.ts'

/** Commands of one page that may wait at the same time; a page of ours sends one or two. */
const waitingPerPage = 32

export type TreeDoorDeps = {
  namespace: Namespace
  tree: WorkspaceTree
  confined: Confined
  documents: DocumentsForTree
  /** True while the session stops: the tree can be looked at, and nothing of it changes any more. */
  stopping?: () => boolean
  /** A stop waits for commands that are under way. */
  changes: Changes
  log: Logger
}

type Command<T> = { action: Action; schema: z.ZodType<T>; run: (request: T) => Promise<object> }
type Run = (request: unknown) => Promise<object>
type Commands = Record<string, { action: Action; run: Run }>

/** Serves every page that connects from now on, until the namespace's server is closed. */
export function treeDoor(deps: TreeDoorDeps): void {
  const { namespace, tree, documents, log } = deps
  const moving = new Moves(documents, log)
  const commands = commandsOf(deps, moving)
  tree.onOps((told) => {
    moving.tell(told.ops)
    namespace.emit('ops', told)
  })
  documents.onEvent((event) => namespace.emit('document', event))
  namespace.on('connection', (socket: Socket) => {
    if (!mayWatch(socket)) return void socket.disconnect(true)
    serve(socket, commands, deps)
    socket.emit('tree', tree.snapshot())
  })
}

function mayWatch(socket: Socket): boolean {
  const claims = DoorClaims.safeParse(socket.data.claims)
  return claims.success && can(claims.data.role, 'tree.read')
}

/** Tells documents of every rename in order; a command that renamed waits until they know. */
class Moves {
  readonly #documents: DocumentsForTree
  readonly #log: Logger
  #told: Promise<void> = Promise.resolve()

  constructor(documents: DocumentsForTree, log: Logger) {
    this.#documents = documents
    this.#log = log
  }

  tell(ops: readonly TreeOp[]): void {
    for (const op of ops) {
      if (op.op !== 'move') continue
      const told = this.#documents.moved(op.from, op.to).catch((error: unknown) => {
        this.#log.error({ err: error, from: op.from, to: op.to }, 'documents could not follow a rename')
      })
      this.#told = Promise.all([this.#told, told]).then(() => undefined)
    }
  }

  known(): Promise<void> {
    return this.#told
  }
}

function command<T>({ action, schema, run }: Command<T>): { action: Action; run: Run } {
  return { action, run: (request) => run(schema.parse(request)) }
}

function commandsOf({ tree, confined, documents, stopping }: TreeDoorDeps, moving: Moves): Commands {
  return {
    tree: command({
      action: 'tree.read',
      schema: z.undefined(),
      run: async () => ({ tree: tree.snapshot() }),
    }),
    list: command({
      action: 'tree.read',
      schema: ListFolder,
      run: async ({ path }) => ({ entries: tree.list(path) }),
    }),
    open: command({
      action: 'document.read',
      schema: OpenDocument,
      run: async ({ path }) => ({ opened: await documents.open(path, { known: stopping?.() ?? false }) }),
    }),
    create: command({
      action: 'tree.change',
      schema: CreateEntry,
      run: async ({ path, kind }) => {
        await (kind === 'file' ? confined.createFile(path) : confined.makeFolder(path))
        await tree.touch([path], { now: true })
        return { path }
      },
    }),
    move: command({
      action: 'tree.change',
      schema: MoveEntry,
      run: async ({ from, to }) => {
        await documents.settle()
        await confined.makeFolders(folderOf(to))
        await confined.move(from, to)
        await tree.touch([from, to], { now: true })
        await moving.known()
        return { path: to }
      },
    }),
    remove: command({
      action: 'tree.change',
      schema: RemoveEntries,
      run: async ({ paths }) => {
        // A full disk keeps nobody from making room: `settle` without a path refuses nothing.
        await documents.settle()
        try {
          for (const path of topmost(paths)) await confined.remove(path)
        } finally {
          await tree.touch(paths, { now: true })
        }
        return { paths }
      },
    }),
  }
}

/** Without paths that lie below another of them, and without doubles. */
function topmost(paths: readonly string[]): string[] {
  const once = [...new Set(paths)]
  return once.filter((path) => !once.some((other) => other !== path && isWithin(other, path)))
}

/** A page says `(event, request?, give)`; anything else is refused, in words where there is somebody to tell. */
function serve(socket: Socket, commands: Commands, { log, stopping, changes }: TreeDoorDeps): void {
  let waiting = 0
  socket.onAny(async (event: string, ...said: unknown[]) => {
    const give = said.at(-1)
    const request = said.length > 1 ? said[0] : undefined
    waiting += 1
    try {
      const readOnly = stopping?.() ?? false
      const answer = await changes.run(() =>
        answerTo({ event, request, said, waiting, readOnly }, socket, commands),
      )
      if (typeof give === 'function') give({ ok: true, ...answer })
    } catch (thrown) {
      const error = asAppError(thrown)
      const level = error.code === 'internal' ? 'error' : 'info'
      log[level](
        { event: event.slice(0, 40), code: error.code, ...error.log, err: error.cause },
        'a tree command failed',
      )
      if (typeof give === 'function') give({ ok: false, error: error.toWire() })
    } finally {
      waiting -= 1
    }
  })
}

type Said = { event: string; request: unknown; said: readonly unknown[]; waiting: number; readOnly: boolean }

function answerTo(
  { event, request, said, waiting, readOnly }: Said,
  socket: Socket,
  commands: Commands,
): Promise<object> {
  const known = Object.hasOwn(commands, event) ? commands[event] : undefined
  if (!known) throw new AppError('bad-input', { say: 'This server does not know that command.' })
  if (typeof said.at(-1) !== 'function' || said.length > 2) {
    throw new AppError('bad-input', { say: 'This command is not complete.' })
  }
  if (waiting > waitingPerPage)
    throw new AppError('too-many', { say: 'Too many things at once. Try again in a moment.' })
  refuseBehind(socket)
  const claims = DoorClaims.safeParse(socket.data.claims)
  if (!claims.success) throw new AppError('bad-token', { say: 'Sign in again.' })
  if (!can(claims.data.role, known.action)) {
    throw new AppError('forbidden', {
      say: 'Your role here does not allow this.',
      log: { sub: claims.data.sub },
    })
  }
  if (readOnly && known.action === 'tree.change')
    throw new AppError('read-only', { say: 'The session is stopping; nothing can be changed now.' })
  return known.run(request)
}
