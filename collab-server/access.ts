// Checks tokens and proofs for the relay; decides nothing about roles (protocol/access.ts does).
import { createPublicKey, verify } from 'node:crypto'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import {
  DoorClaims,
  RunnerClaims,
  bearerPrefix,
  doorAudience,
  proofText,
  runnerAudience,
  tokenIssuer,
} from '../protocol/access.ts'
import { AppError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'

/** A key set that is fetched again when a key is unknown, at most every two seconds, so that a fresh key works at once. */
export function keySet(keysUrl: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(keysUrl), { cooldownDuration: 2000, timeoutDuration: 3000 })
}

/** Claims of a person's token for `repl`; throws `bad-token` or `expired-token`. */
export async function personClaims(ask: {
  token: string
  repl: string
  keys: JWTVerifyGetKey
}): Promise<DoorClaims> {
  const claims = DoorClaims.parse(await payload({ ...ask, audience: doorAudience }))
  if (claims.repl !== ask.repl) throw new AppError('bad-token', { say: 'This token is for another REPL.' })
  return claims
}

/** Claims of a runner's certificate for `repl` and `generation`; throws `bad-token` or `expired-token`. */
export async function runnerClaims(ask: {
  token: string
  repl: string
  generation: number
  keys: JWTVerifyGetKey
}): Promise<RunnerClaims> {
  const claims = RunnerClaims.parse(await payload({ ...ask, audience: runnerAudience }))
  if (claims.repl === ask.repl && claims.gen === ask.generation) return claims
  throw new AppError('bad-token', { say: 'This certificate is for another session.' })
}

/** True when `signature` (base64url) over the proof's text was made with the certificate's key. */
export function isProven(claims: RunnerClaims, proof: { nonce: string; signature: string }): boolean {
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: claims.key }, format: 'jwk' })
  const text = proofText({ repl: claims.repl, generation: claims.gen, nonce: proof.nonce })
  return verify(null, Buffer.from(text), key, Buffer.from(proof.signature, 'base64url'))
}

/** The token among a request's subprotocols, or the empty string. */
export function bearerOf(protocols: readonly string[]): string {
  return protocols.find((name) => name.startsWith(bearerPrefix))?.slice(bearerPrefix.length) ?? ''
}

async function payload(ask: { token: string; audience: string; keys: JWTVerifyGetKey }): Promise<unknown> {
  try {
    const verified = await jwtVerify(ask.token, ask.keys, {
      issuer: tokenIssuer,
      audience: ask.audience,
      algorithms: ['EdDSA'],
      clockTolerance: limits.tokenSkewSeconds,
      requiredClaims: ['exp', 'iat'],
    })
    return verified.payload
  } catch (cause) {
    if (cause instanceof errors.JWTExpired)
      throw new AppError('expired-token', { say: 'This token has expired.', cause })
    if (cause instanceof errors.JWKSTimeout || !(cause instanceof errors.JOSEError))
      throw new AppError('unavailable', { say: 'Tokens cannot be checked at the moment.', cause })
    throw new AppError('bad-token', { say: 'This token is not valid here.', cause })
  }
}
