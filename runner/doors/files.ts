// Downloads and uploads: GET, HEAD and PUT of a file at `/r/<repl>/files/<path>`, GET of a folder as a zip with `?zip`. The token has
// been checked before.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FileHandle } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Logger } from 'pino'
import { can, type Action, type DoorClaims } from '../../protocol/access.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import { folderOf, nameOf, workspacePath } from '../../protocol/paths.ts'
import type { Confined } from '../workspace/confine.ts'
import { diskFull } from '../workspace/faults.ts'
import type { DocumentsForTree } from '../workspace/seams.ts'
import { zipOfFolder } from '../workspace/zip.ts'
import type { Changes } from './changes.ts'
import { ZipPlaces } from './zip-places.ts'

type Deps = {
  confined: Confined
  documents: DocumentsForTree
  /** True while the session stops: an upload that ends then would come after the backup. */
  stopping?: () => boolean
  /** True while the repl's share of the disk is used up. */
  isFull?: () => boolean
  /** A stop waits for what has ended its body and is not in its place yet. */
  changes: Changes
  log: Logger
}
/**
 * `path` is workspace-relative, percent-decoded exactly once (filePathOf does). `recheck` throws when the role of the claims
 * does not hold any more: files may be long on their way.
 */
type Ask = { claims: DoorClaims; path: string; recheck?: () => void }
type FilesDoor = (request: IncomingMessage, response: ServerResponse, ask: Ask) => Promise<void>

/** What people put into their files must never run as a page of ours, or be taken for another kind than bytes. */
const guarded = {
  'content-type': 'application/octet-stream',
  'x-content-type-options': 'nosniff',
  'content-security-policy': 'sandbox',
  'cache-control': 'no-store',
}

/** Bytes read at once: few calls, little memory for a reader that is slow. */
const chunkBytes = 64 * 1024
/** A refused upload up to this size is read to its end, so that its sender surely hears why. */
const drainBytes = 16 * 1024 * 1024

/** The path that the rest of an address (after `/files/`, without the query) names; refuses broken escapes. */
export function filePathOf(rest: string): string {
  try {
    return decodeURIComponent(rest)
  } catch (cause) {
    throw new AppError('bad-path', { say: 'This address is not valid.', cause })
  }
}

/** Answers every request itself, refusals too; resolves when the answer is out. */
export function filesDoor(deps: Deps): FilesDoor {
  const places = new ZipPlaces()
  return async (request, response, ask) => {
    try {
      const path = workspacePath(ask.path)
      if (request.method === 'GET' && (request.url ?? '').endsWith('?zip'))
        await giveZip({ ...deps, places }, { request, response, path, ask })
      else if (request.method === 'GET' || request.method === 'HEAD')
        await give(deps, { request, response, path, ask })
      else if (request.method === 'PUT') await take(deps, { request, response, path, ask })
      else throw new AppError('bad-input', { say: 'Files are fetched with GET and sent with PUT.' })
    } catch (thrown) {
      refuse(deps.log, { request, response, thrown })
    }
  }
}

type Exchange = { request: IncomingMessage; response: ServerResponse; path: string; ask: Ask }

function permit(claims: DoorClaims, action: Action): void {
  if (can(claims.role, action)) return
  throw new AppError('forbidden', {
    say: 'Your role here does not allow this.',
    log: { sub: claims.sub, action },
  })
}

async function give(
  { confined, documents }: Deps,
  { request, response, path, ask }: Exchange,
): Promise<void> {
  permit(ask.claims, 'file.read')
  await documents.settle(path)
  const { file, stat } = await confined.open(path)
  try {
    response.writeHead(200, {
      ...guarded,
      'content-length': stat.size,
      'content-disposition': attachment(nameOf(path)),
    })
    if (request.method === 'HEAD' || stat.size === 0) response.end()
    else await pipeline(content(file, stat.size, ask.recheck), response)
  } finally {
    await file.close()
  }
}

async function giveZip(
  { confined, documents, places }: Deps & { places: ZipPlaces },
  { response, path, ask }: Exchange,
): Promise<void> {
  permit(ask.claims, 'file.read')
  places.take(ask.claims.sub, response)
  await documents.settle()
  const zip = zipOfFolder(confined, path)
  try {
    // What is wrong with the folder is known by its first piece, while there is time for words.
    const first = await zip.next()
    const head = { ...guarded, 'content-disposition': attachment(`${nameOf(path)}.zip`) }
    response.writeHead(200, { ...head, 'content-type': 'application/zip' })
    await pipeline(async function* () {
      if (first.done !== true) yield first.value
      for await (const piece of zip) {
        ask.recheck?.()
        yield piece
      }
    }, response)
  } finally {
    // Who asked may have left before the pipeline began.
    await zip.return(undefined)
  }
}

/** Exactly `size` bytes; a file that was cut meanwhile ends the answer as broken, never as a shorter file. */
async function* content(file: FileHandle, size: number, recheck?: () => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size;) {
    recheck?.()
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(chunkBytes, size - at)), {
      position: at,
    })
    if (bytesRead === 0) throw new AppError('conflict', { say: 'The file changed while it was sent.' })
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function take(deps: Deps, { request, response, path, ask }: Exchange): Promise<void> {
  const { confined, documents, stopping, changes } = deps
  permit(ask.claims, 'file.write')
  const length = lengthOf(request)
  const hasRoom = (): void => {
    if (deps.isFull?.() === true) throw diskFull(path)
  }
  hasRoom()
  await documents.settle()
  await changes.run(() => confined.makeFolders(folderOf(path)))
  let inPlace = (): void => undefined
  const arrived = (): void => {
    stillMay(ask, stopping)
    inPlace = changes.begin()
  }
  try {
    const stat = await confined.writeStream(path, whole(request, { length, came: hasRoom, arrived }), length)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ path, size: stat.size }))
  } finally {
    inPlace()
  }
}

function lengthOf(request: IncomingMessage): number {
  const said = request.headers['content-length']
  if (said === undefined || !/^\d{1,15}$/.test(said)) {
    throw new AppError('bad-input', { say: 'An upload has to say its length.' })
  }
  const length = Number(said)
  if (length <= limits.uploadBytes) return length
  const most = limits.uploadBytes / 1024 / 1024
  throw new AppError('too-large', { say: `A file may have up to ${most} MiB.`, log: { length } })
}

/**
 * The body, or an error when it ends before its length: half a file never replaces a whole one. `came` is asked for each piece,
 * `arrived` when all of it is there.
 */
async function* whole(
  request: IncomingMessage,
  { length, came, arrived }: { length: number; came: () => void; arrived: () => void },
): AsyncGenerator<Uint8Array> {
  let seen = 0
  // The connection outlives a refusal in the middle: the answer says why.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    seen += bytes.length
    came()
    yield bytes
  }
  if (seen !== length)
    throw new AppError('bad-input', { say: 'The upload was cut off.', log: { seen, length } })
  arrived()
}

/** Asked again when all bytes have come: a large file takes its time. */
function stillMay({ recheck }: Ask, stopping: Deps['stopping']): void {
  recheck?.()
  if (stopping?.())
    throw new AppError('read-only', { say: 'The session is stopping; nothing can be changed now.' })
}

/** `filename` for old readers in plain ASCII, `filename*` (RFC 6266, RFC 8187) for everybody else. */
function attachment(name: string): string {
  const plain = name.replace(/[^\w.-]/g, '_')
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

function refuse(
  log: Logger,
  failed: { request: IncomingMessage; response: ServerResponse; thrown: unknown },
): void {
  const { request, response } = failed
  const error = asAppError(failed.thrown)
  const level = error.code === 'internal' && !request.destroyed ? 'error' : 'info'
  log[level](
    { code: error.code, method: request.method, ...error.log, err: error.cause },
    'a file was refused',
  )
  if (response.headersSent) return void response.destroy()
  const drains =
    Number(request.headers['content-length'] ?? Infinity) <= drainBytes || request.method !== 'PUT'
  const ending = drains ? {} : { connection: 'close' }
  if (drains) request.resume()
  response.writeHead(error.status, { 'content-type': 'application/json', ...ending })
  response.end(JSON.stringify({ error: error.toWire() }))
}
