// The workspace's files for this page: the mirrored tree and the commands on it, each done or refused in words. It draws nothing.
import { AppError } from '../../../protocol/errors.ts'
import { limits } from '../../../protocol/limits.ts'
import { ApiFailure } from '../../../protocol/repl.ts'
import { nameOf, workspacePath } from '../../../protocol/paths.ts'
import { DocumentEvent, Opened } from '../../../protocol/tree.ts'
import type { DoorsKeeper } from '../link/doors.ts'
import { shownName } from '../../ui/shown-name.ts'
import { answered, answerMs, mustBeConnected, type Live, type TreeSocket } from '../link/live.ts'
import { eachSession } from '../link/each-session.ts'
import { createScope } from '../scope.ts'
import type { Readable } from '../store.ts'
import { createTreeMirror, type TreeState } from './tree.ts'

export type Files = {
  tree: Readable<TreeState>
  open: (path: string) => Promise<Opened>
  create: (path: string, kind: 'file' | 'folder') => Promise<void>
  move: (from: string, to: string) => Promise<void>
  remove: (paths: string[]) => Promise<void>
  /** Lists a folder that is not in the tree by itself. */
  list: (folder: string) => Promise<void>
  upload: (path: string, file: Blob) => Promise<void>
  download: (path: string) => Promise<void>
  /** A folder as a zip. */
  downloadFolder: (path: string) => Promise<void>
  /** An open document moved or lost its file. */
  onDocument: (listener: (event: DocumentEvent) => void) => () => void
  dispose: () => void
}

export function createFiles({ live, doors }: { live: Readable<Live | null>; doors: DoorsKeeper }): Files {
  const scope = createScope()
  const listeners = new Set<(event: DocumentEvent) => void>()
  const socket = (): TreeSocket => {
    const now = live.get()?.tree ?? null
    mustBeConnected(now)
    if (now === null) throw new AppError('unavailable', { say: 'You are offline.' })
    return now
  }
  const ask = () => socket().timeout(answerMs)
  const mirror = createTreeMirror(() => void askWhole(live.get(), mirror.whole))
  scope.add(
    eachSession(live, ({ tree }) => {
      const event = (received: unknown): void => {
        const parsed = DocumentEvent.safeParse(received)
        if (parsed.success) for (const listener of listeners) listener(parsed.data)
      }
      tree
        .on('tree', mirror.whole)
        .on('ops', mirror.ops)
        .on('document', event)
        .on('disconnect', mirror.forget)
      return () =>
        tree
          .off('tree', mirror.whole)
          .off('ops', mirror.ops)
          .off('document', event)
          .off('disconnect', mirror.forget)
    }),
  )
  return {
    tree: mirror.state,
    open: async (path) => Opened.parse((await answered(ask().emitWithAck('open', { path }))).opened),
    create: async (path, kind) => {
      await answered(ask().emitWithAck('create', { path: workspacePath(path), kind }))
    },
    move: async (from, to) => {
      await answered(ask().emitWithAck('move', { from, to: workspacePath(to) }))
    },
    remove: async (paths) => {
      await answered(ask().emitWithAck('remove', { paths }))
    },
    list: async (path) => mirror.listed((await answered(ask().emitWithAck('list', { path }))).entries),
    upload: async (path, file) => void (await filesDoor(doors, workspacePath(path), { method: 'PUT', file })),
    download: (path) => giveFile(doors, path, { method: 'GET' }),
    downloadFolder: (path) => giveFile(doors, path, { method: 'GET', zip: true }),
    onDocument: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    dispose: () => {
      listeners.clear()
      scope.dispose()
    },
  }
}

async function askWhole(live: Live | null, take: (tree: unknown) => void): Promise<void> {
  if (live === null || !live.tree.connected) return
  // A lost answer needs no words: the list comes by itself after the next connect.
  const answer = await answered(live.tree.timeout(answerMs).emitWithAck('tree')).catch(() => null)
  if (answer !== null) take(answer.tree)
}

type FileRequest = { method: 'GET'; zip?: true } | { method: 'PUT'; file: Blob }

async function giveFile(doors: DoorsKeeper, path: string, request: FileRequest & { method: 'GET' }) {
  const content = await (await filesDoor(doors, path, request)).blob()
  giveToPerson(content, request.zip ? `${nameOf(path)}.zip` : nameOf(path))
}

async function filesDoor(doors: DoorsKeeper, path: string, request: FileRequest): Promise<Response> {
  if (request.method === 'PUT' && request.file.size > limits.uploadBytes) {
    throw new AppError('too-large', {
      say: `${shownName(nameOf(path))} is larger than 256 MB and was not uploaded.`,
    })
  }
  const { runner, token } = await doors.current()
  const query = request.method === 'GET' && request.zip ? '?zip' : ''
  const address = `${runner}/files/${path.split('/').map(encodeURIComponent).join('/')}${query}`
  const answer = await fetch(address, {
    method: request.method,
    credentials: 'omit',
    headers: { authorization: `Bearer ${token}` },
    ...(request.method === 'PUT' ? { body: request.file } : {}),
  }).catch((cause: unknown) => {
    throw new AppError('unavailable', {
      say: `${shownName(nameOf(path))} could not be sent. Check the connection and try again.`,
      cause,
    })
  })
  if (answer.ok) return answer
  throw new AppError('unavailable', { say: await refusalWords(answer, path) })
}

async function refusalWords(answer: Response, path: string): Promise<string> {
  const body: unknown = await answer.json().catch(() => null)
  const failure = ApiFailure.safeParse(body)
  return failure.success
    ? failure.data.error.say
    : `${shownName(nameOf(path))}: the REPL refused this (${answer.status}).`
}

function giveToPerson(content: Blob, name: string): void {
  const address = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address))
}
