// Answers a sync's request for signed addresses: which keys its grant covers, and which objects are there already.
import { AppError } from '../../protocol/errors.ts'
import { objectKeys, type Signed, type SignRequest } from '../../protocol/objects.ts'
import type { ObjectStore } from './object-store.ts'
import { type Permit, signatureOf } from './signature.ts'
import { hashNameOf, hashOf } from './verify-objects.ts'
import type { z } from 'zod'

/** Whose writes are meant; `orphans`: those of an overtaken session, which may only park what it has. */
export type Grant = { repl: string; generation: number; only?: 'orphans' | undefined }
export type Signer = { store: ObjectStore; secret: Uint8Array; baseUrl: string; now(): number }

/** How long an address is good: enough for 16 MiB on a slow line, short enough to be worthless in a log. */
export const permitMs = 5 * 60 * 1000

/** Path below which signed objects are put and got. */
export const signedPath = '/v1/objects/signed/'

export async function sign(
  signer: Signer,
  grant: Grant,
  request: z.infer<typeof SignRequest>,
): Promise<z.infer<typeof Signed>> {
  const until = signer.now() + permitMs
  const urls: z.infer<typeof Signed>['urls'] = []
  for (const { key, bytes, md5 } of request.put) {
    if (!mayPut(grant, key)) throw notCovered(key)
    if (await isStored(signer.store, key)) continue
    urls.push({ key, put: addressOf(signer, { method: 'PUT', key, bytes, md5, until }) })
  }
  for (const key of request.get) {
    if (!mayGet(grant, key)) throw notCovered(key)
    urls.push({ key, get: addressOf(signer, { method: 'GET', key, bytes: 0, md5: '', until }) })
  }
  return { urls }
}

function addressOf({ secret, baseUrl }: Signer, permit: Permit): string {
  const { method, bytes, md5, until } = permit
  const query = new URLSearchParams({ method, bytes: `${bytes}`, md5, until: `${until}` })
  query.set('signature', signatureOf(secret, permit))
  return `${baseUrl.replace(/\/$/, '')}${signedPath}${permit.key}?${query}`
}

/** HEAD is never among them: it is moved by the orchestrator alone. */
function mayPut({ repl, generation, only }: Grant, key: string): boolean {
  const own = objectKeys.ofRepl(repl)
  if (only === 'orphans') return key.startsWith(objectKeys.orphan(repl, generation, ''))
  const ofSession = [`manifests/${generation}-`, `log/${generation}-`, `orphans/${generation}/`]
  return hashNameOf(key) !== null || ofSession.some((start) => key.startsWith(own + start))
}

/** Packs and blobs are shared by all repls: who knows a hash has had the content. */
function mayGet({ repl, only }: Grant, key: string): boolean {
  if (only === 'orphans') return false
  return hashNameOf(key) !== null || key.startsWith(objectKeys.ofRepl(repl))
}

/**
 * True when the object is there and nothing need be uploaded. One whose bytes no longer match its name is worth nothing to
 * anybody: it is removed, so that this flush brings it back instead of failing for ever.
 */
async function isStored(store: ObjectStore, key: string): Promise<boolean> {
  if ((await store.head(key)) === null) return false
  const name = hashNameOf(key)
  if (name === null || (await hashOf(store, key)) === name) return true
  await store.delete(key)
  return false
}

function notCovered(key: string): AppError {
  return new AppError('forbidden', { say: 'This session may not use this object.', log: { key } })
}
