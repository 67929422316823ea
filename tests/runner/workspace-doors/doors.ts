// Both doors on a real HTTP server and a real socket.io server, over a real disk; who asks is said in the handshake.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import { onTestFinished } from 'vitest'
import type { DoorClaims, Role } from '../../../protocol/access.ts'
import { AppError, type Answer } from '../../../protocol/errors.ts'
import type { DocumentEvent, Opened, Tree, TreeOps } from '../../../protocol/tree.ts'
import { filePathOf, filesDoor } from '../../../runner/doors/files.ts'
import { treeDoor } from '../../../runner/doors/tree.ts'
import { Changes } from '../../../runner/doors/changes.ts'
import { confine, type Confined } from '../../../runner/workspace/confine.ts'
import type { DocumentsForTree } from '../../../runner/workspace/seams.ts'
import { WorkspaceTree } from '../../../runner/workspace/tree.ts'
import { watchWorkspace } from '../../../runner/workspace/watch.ts'
import { quiet, stage } from '../workspace/stage.ts'

export function claimsOf(name: string, role: Role): DoorClaims {
  return {
    sub: name.padEnd(16, 'a'),
    name,
    repl: 'a'.repeat(20),
    role,
    gen: 1,
    ver: 0,
    iat: 0,
    exp: 4_000_000_000,
  }
}

/** Documents that exist in name only: what doors tell them is kept. */
class Told implements DocumentsForTree {
  readonly moves: [string, string][] = []
  settled = 0
  beforeSettle: () => void = () => undefined
  readonly #listeners = new Set<(event: DocumentEvent) => void>()

  async open(path: string): Promise<Opened> {
    if (path.endsWith('.bin')) return { kind: 'binary', path, size: 3 }
    if (path.startsWith('missing')) throw new AppError('not-found', { say: `${path} does not exist.` })
    return { kind: 'text', path, doc: 'a'.repeat(16), epoch: '0'.repeat(32), eol: 'lf' }
  }

  async moved(from: string, to: string): Promise<void> {
    this.moves.push([from, to])
  }

  async settle(): Promise<void> {
    this.settled += 1
    this.beforeSettle()
  }

  onEvent(listener: (event: DocumentEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(event: DocumentEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

export async function openDoors() {
  const { root, outside, top } = stage()
  const confined = confine(root, { scratch: `${top}/scratch` })
  const tree = new WorkspaceTree({ confined, log: quiet })
  const watch = await watchWorkspace({ root, log: quiet, onChange: (paths) => void tree.touch(paths) })
  await tree.start()
  const documents = new Told()
  const session = { stopping: false, isFull: false, beforeRename: async (): Promise<void> => undefined }
  const changes = new Changes()
  const stopping = (): boolean => session.stopping
  const shared = { confined: heldBack(confined, () => session.beforeRename()), documents, changes, stopping }
  const files = filesDoor({ ...shared, isFull: () => session.isFull, log: quiet })
  const http = createServer((request, response) => {
    const role = request.headers['x-role'] === 'viewer' ? 'viewer' : 'editor'
    const [rest = ''] = (request.url ?? '').slice('/files/'.length).split('?')
    void files(request, response, { claims: claimsOf('ada', role), path: filePathOf(rest) })
  })
  const server = new Server(http, { path: '/live', transports: ['websocket'], maxHttpBufferSize: 1_000_000 })
  const namespace = server.of('/tree')
  namespace.use((socket, next) => {
    const { name, role } = socket.handshake.auth
    socket.data.claims = role === 'nobody' ? undefined : claimsOf(String(name), role)
    next()
  })
  treeDoor({ ...shared, namespace, tree, log: quiet })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  onTestFinished(async () => {
    await server.close()
    http.closeAllConnections()
    await watch.close()
    tree.close()
  })
  const enter = (name: string, role: Role | 'nobody') =>
    openPage(`http://127.0.0.1:${port}/tree`, { name, role })
  return {
    root,
    outside,
    tree,
    watch,
    documents,
    session,
    changes,
    enter,
    port,
    url: `http://127.0.0.1:${port}/files`,
  }
}

/** The same workspace, in which what was sent whole waits before it takes its place. */
function heldBack(confined: Confined, before: () => Promise<void>): Confined {
  async function* held(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* source
    await before()
  }
  const writeStream: Confined['writeStream'] = (path, source, maxBytes) =>
    confined.writeStream(path, held(source), maxBytes)
  const move: Confined['move'] = async (from, to) => {
    await before()
    await confined.move(from, to)
  }
  const own: Record<PropertyKey, unknown> = { writeStream, move }
  return new Proxy(confined, {
    get: (target, name) => {
      const value: unknown = own[name] ?? Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export type Page = Awaited<ReturnType<typeof openPage>>

/** A page as ours is: it keeps the list, follows ops and asks again after a gap. */
async function openPage(url: string, auth: { name: string; role: string }) {
  const socket: Socket = io(url, {
    path: '/live',
    transports: ['websocket'],
    auth,
    forceNew: true,
    reconnection: false,
  })
  onTestFinished(() => void socket.disconnect())
  const seen = { trees: [] as Tree[], ops: [] as TreeOps[], documents: [] as DocumentEvent[] }
  socket.on('tree', (tree: Tree) => void seen.trees.push(tree))
  socket.on('ops', (ops: TreeOps) => void seen.ops.push(ops))
  socket.on('document', (event: DocumentEvent) => void seen.documents.push(event))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const ask = async (event: string, ...request: unknown[]): Promise<Answer<Record<string, unknown>>> =>
    socket.timeout(10_000).emitWithAck(event, ...request)
  /** True once the page has heard of a path, in its first list or in an op. */
  const knows = (path: string) =>
    seen.trees.some(({ entries }) => entries.some((entry) => entry.path === path)) ||
    seen.ops.some(({ ops }) => ops.some((op) => op.op === 'put' && op.entry.path === path))
  return { socket, ask, knows, ...seen, opsSaid: () => seen.ops.flatMap(({ ops }) => ops) }
}
