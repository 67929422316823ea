// Talks to the orchestrator's objects door: asks for signed addresses with the grant, puts and gets objects there.
import { createHash } from 'node:crypto'
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { SyncTarget } from '../../protocol/control.ts'
import { AppError, WireError } from '../../protocol/errors.ts'
import {
  type CommitRequest,
  Committed,
  type Parked,
  Parking,
  Signed,
  type SignRequest,
} from '../../protocol/objects.ts'
import type { z } from 'zod'

/** An object to be stored: what it must be, and its bytes when they are wanted (they may be there already). */
export type Upload = {
  key: string
  bytes: number
  md5: string
  body(): Iterable<Buffer> | AsyncIterable<Buffer>
}

export type Remote = ReturnType<typeof remoteOf>

/** Milliseconds without a byte after which a request is given up. */
const silenceMs = 60_000

export function remoteOf(target: SyncTarget, signal: AbortSignal) {
  const asking = { target, signal }
  const sign = async (wanted: Partial<z.infer<typeof SignRequest>>) =>
    Signed.parse(await ask(asking, 'sign', { put: [], get: [], ...wanted })).urls
  return {
    /** Stores the object unless it is there; answers whether it was we who stored it. */
    async put(upload: Upload): Promise<boolean> {
      const { key, bytes, md5 } = upload
      const url = (await sign({ put: [{ key, bytes, md5 }] })).find((signed) => signed.key === key)?.put
      if (url === undefined) return false
      const headers = {
        'content-length': bytes,
        'content-md5': md5,
        'content-type': 'application/octet-stream',
      }
      try {
        await buffer(await send({ url, method: 'PUT', headers, signal }, upload.body()))
        return true
      } catch (thrown) {
        if (thrown instanceof AppError && thrown.code === 'conflict') return false
        throw thrown
      }
    },
    /** The object's bytes as they come. */
    async get(key: string): Promise<IncomingMessage> {
      const url = (await sign({ get: [key] })).find((signed) => signed.key === key)?.get
      if (url === undefined) throw away('The object store gave no address for an object.', { key })
      return send({ url, method: 'GET', headers: {}, signal }, [])
    },
    /** Throws `stale-generation` when a newer session of the repl has begun. */
    async checkTurn(): Promise<void> {
      await sign({})
    },
    commit: async (request: CommitRequest): Promise<Committed> =>
      Committed.parse(await ask(asking, 'commit', request)),
    /** A grant for `orphans/` alone, for a writer whose own is worth nothing any more. */
    park: async (): Promise<string> => Parking.parse(await ask(asking, 'park', {})).grant,
    async parked(parked: Parked): Promise<void> {
      await ask(asking, 'parked', parked)
    },
  }
}

export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64')
}

type Asking = { target: SyncTarget; signal: AbortSignal }

/** Asks the objects door itself, with the grant; answers its JSON. */
async function ask({ target, signal }: Asking, what: string, wanted: unknown): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(wanted))
  const headers = {
    authorization: `Bearer ${target.grant}`,
    'content-type': 'application/json',
    'content-length': body.length,
  }
  const url = `${target.api.replace(/\/$/, '')}/v1/objects/${what}`
  const answer = await send({ url, method: 'POST', headers, signal }, [body])
  return JSON.parse((await buffer(answer)).toString('utf8'))
}

type Sending = {
  url: string
  method: string
  headers: Record<string, string | number>
  signal: AbortSignal
}

/** Sends a request and answers its response when that is a success; a refusal becomes its own AppError. */
async function send(
  sending: Sending,
  body: Iterable<Buffer> | AsyncIterable<Buffer>,
): Promise<IncomingMessage> {
  const { url, method, headers, signal } = sending
  const start = url.startsWith('https:') ? httpsRequest : httpRequest
  const request = start(url, { method, headers, signal, timeout: silenceMs })
  request.on('timeout', () => request.destroy(new Error('no byte for a minute')))
  const [response] = await Promise.all([responseTo(request), pipeline(body, request)]).catch(
    (cause: unknown) => {
      request.destroy()
      throw away('The object store cannot be reached.', { method }, cause)
    },
  )
  if (response.statusCode !== undefined && response.statusCode < 300) return response
  throw await refusalOf(response)
}

function responseTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject)
  })
}

async function refusalOf(response: IncomingMessage): Promise<AppError> {
  const text = (await buffer(response)).toString('utf8')
  const log = { answered: response.statusCode }
  try {
    const { code, say } = WireError.parse(JSON.parse(text))
    return new AppError(code, { say, log })
  } catch {
    return away('The object store refused a request.', log)
  }
}

function away(say: string, log: Record<string, unknown>, cause?: unknown): AppError {
  return new AppError('unavailable', { say, log, cause })
}
