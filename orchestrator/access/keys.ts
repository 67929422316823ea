// The installation's Ed25519 key: made once, kept private in the data folder, published as a key set. Signs nothing itself.
import { readFile } from 'node:fs/promises'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import { z } from 'zod'
import { writeWhole } from '../disk.ts'

/** Algorithm of every token: EdDSA over Ed25519. */
export const tokenAlgorithm = 'EdDSA'

const KeyFile = z.object({
  format: z.literal('devex-key'),
  version: z.literal(1),
  jwk: z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), d: z.string() }),
})

export type Keys = {
  kid: string
  privateKey: Awaited<ReturnType<typeof importJWK>>
  publicKey: Awaited<ReturnType<typeof importJWK>>
  /** What `/v1/keys` answers: public parts only. */
  published: { keys: JWK[] }
}

/** Reads the key at `path`, or makes it at the first start. */
export async function openKeys(path: string): Promise<Keys> {
  const text = await readFile(path, 'utf8').catch(missingIsNull)
  const jwk = text === null ? await makeKey(path) : KeyFile.parse(JSON.parse(text)).jwk
  const publicJwk = { kty: jwk.kty, crv: jwk.crv, x: jwk.x }
  const kid = await calculateJwkThumbprint(publicJwk)
  return {
    kid,
    privateKey: await importJWK(jwk, tokenAlgorithm),
    publicKey: await importJWK(publicJwk, tokenAlgorithm),
    published: { keys: [{ ...publicJwk, kid, alg: tokenAlgorithm, use: 'sig' }] },
  }
}

async function makeKey(path: string) {
  const pair = await generateKeyPair(tokenAlgorithm, { crv: 'Ed25519', extractable: true })
  const file = KeyFile.parse({ format: 'devex-key', version: 1, jwk: await exportJWK(pair.privateKey) })
  await writeWhole(path, JSON.stringify(file))
  return file.jwk
}

/** Only a file that is not there is made anew; one that cannot be read must not silently change everybody's key. */
function missingIsNull(thrown: unknown): null {
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
  throw thrown
}
