// Checks what a session's own runner signs with the session's key when it asks us something. Signs nothing.
import { importJWK, jwtVerify } from 'jose'
import { z } from 'zod'
import { tokenIssuer } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { Generation, ReplId } from '../../protocol/ids.ts'
import { rulesAudience } from '../../protocol/preview.ts'
import { tokenAlgorithm } from './keys.ts'

const SessionClaims = z.object({ repl: ReplId, gen: Generation })

/** `runnerKey`: raw Ed25519, base64url; null when none runs. */
export type RunningSession = { id: string; generation: number; runnerKey: string | null }

/** Throws unless the runner of this very session signed `token`. `now` in milliseconds. */
export async function checkSessionToken(session: RunningSession, token: string, now: number): Promise<void> {
  if (session.runnerKey === null) throw new AppError('not-running', { say: 'This REPL is not running.' })
  const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: session.runnerKey }, tokenAlgorithm)
  const checked = await jwtVerify(token, key, {
    issuer: tokenIssuer,
    audience: rulesAudience,
    currentDate: new Date(now),
    algorithms: [tokenAlgorithm],
  }).catch((cause: unknown) => {
    throw new AppError('bad-token', { say: 'This token is not valid.', cause })
  })
  const { repl, gen } = SessionClaims.parse(checked.payload)
  if (repl !== session.id || gen !== session.generation)
    throw new AppError('stale-generation', { say: 'This token is of another session.' })
}
