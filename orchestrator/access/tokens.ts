// Every token the orchestrator gives out, each for one audience, one repl and one generation. Doors check them by themselves.
import { randomBytes } from 'node:crypto'
import { SignJWT, errors, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Role } from '../../protocol/access.ts'
import { controlAudience, doorAudience, runnerAudience, tokenIssuer } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { Generation, ReplId } from '../../protocol/ids.ts'
import { limits } from '../../protocol/limits.ts'
import { ticketAudience, ticketSeconds } from '../../protocol/preview.ts'
import { tokenAlgorithm, type Keys } from './keys.ts'

/** Audience of sync's grants; the orchestrator alone checks them. */
const objectsAudience = 'devex-objects'
/** A flush or restore of many gigabytes ends within this; a fenced writer is refused by its generation, not by time. */
export const grantSeconds = 6 * 3600
/** A control token is used at once. */
const controlSeconds = 60
/** Each start and restart of a runner gets a fresh one, and each day that it runs (certificates.ts). */
const certificateSeconds = 90 * 24 * 3600

export type SessionName = { repl: string; generation: number }
/** `ver`: version of the list of members that `role` was read from. */
export type DoorToken = SessionName & { person: { id: string; name: string }; role: Role; ver: number }

/** `only`: what an overtaken session may still write. */
const GrantClaims = z.object({ repl: ReplId, gen: Generation, only: z.literal('orphans').optional() })
/** Random bytes by which a ticket is told from every other. */
const jtiBytes = 12

export type GrantOf = SessionName & { only?: 'orphans' | undefined }

export type Tokens = ReturnType<typeof tokensOf>

export function tokensOf(keys: Keys, now: () => number) {
  const sign = async (claims: Record<string, unknown>, audience: string, seconds: number) => {
    const issued = Math.floor(now() / 1000)
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: tokenAlgorithm, kid: keys.kid })
      .setIssuer(tokenIssuer)
      .setAudience(audience)
      .setIssuedAt(issued)
      .setExpirationTime(issued + seconds)
      .sign(keys.privateKey)
    return { token, expiresAt: (issued + seconds) * 1000 }
  }
  const names = (session: SessionName) => ({ repl: session.repl, gen: session.generation })
  return {
    /** A person's token for relay and runner. */
    door: (who: DoorToken) =>
      sign(
        { ...names(who), sub: who.person.id, name: who.person.name, role: who.role, ver: who.ver },
        doorAudience,
        limits.tokenSeconds,
      ),
    /** Vouches that `key` (raw Ed25519, base64url) is the session's. */
    certificate: async (session: SessionName, key: string) =>
      (await sign({ ...names(session), key }, runnerAudience, certificateSeconds)).token,
    /** Lets one person into one preview, once. */
    ticket: (of: SessionName & { person: string; port: number }) =>
      sign(
        { ...names(of), sub: of.person, port: of.port, jti: randomBytes(jtiBytes).toString('base64url') },
        ticketAudience,
        ticketSeconds,
      ),
    control: async (session: SessionName) =>
      (await sign(names(session), controlAudience, controlSeconds)).token,
    /** Lets sync ask for signed addresses. */
    grant: async (session: GrantOf) =>
      (await sign({ ...names(session), only: session.only }, objectsAudience, grantSeconds)).token,
    checkGrant: async (grant: string): Promise<GrantOf> => {
      const options = { issuer: tokenIssuer, audience: objectsAudience, currentDate: new Date(now()) }
      const checked = await jwtVerify(grant, keys.publicKey, {
        ...options,
        algorithms: [tokenAlgorithm],
      }).catch(refuse)
      const claims = GrantClaims.parse(checked.payload)
      return { repl: claims.repl, generation: claims.gen, only: claims.only }
    },
  }
}

function refuse(cause: unknown): never {
  if (cause instanceof errors.JWTExpired)
    throw new AppError('expired-token', { say: 'This grant has expired.', cause })
  throw new AppError('bad-token', { say: 'This grant is not valid.', cause })
}
