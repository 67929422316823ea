// Checks every token that comes to a runner: signature, audience, repl, generation, expiry, and that its person's role has not
// changed since. Decides no permission.
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import type { z } from 'zod'
import {
  type AccessChange,
  controlAudience,
  ControlClaims,
  doorAudience,
  DoorClaims,
  outdated,
  tokenIssuer,
} from '../protocol/access.ts'
import { AppError } from '../protocol/errors.ts'
import { limits } from '../protocol/limits.ts'
import { ticketAudience, TicketClaims } from '../protocol/preview.ts'

export type Tokens = {
  /**
   * A person's token. Throws `bad-token`, `expired-token` (or an older role), `forbidden` (another repl, or removed from this
   * one) or `stale-generation`.
   */
  door(token: string): Promise<DoorClaims>
  /** The orchestrator's token. */
  control(token: string): Promise<ControlClaims>
  /** A ticket for a preview; that it is used once is asked elsewhere. */
  ticket(token: string): Promise<TicketClaims>
}

/** Whose role has changed in this session's repl. Told by the orchestrator alone: in the launch, and by the control door. */
export class Standing {
  readonly #changes = new Map<string, AccessChange>()

  constructor(changes: readonly AccessChange[] = []) {
    this.take(changes)
  }

  /** Gives those that were not known. */
  take(changes: readonly AccessChange[]): AccessChange[] {
    const fresh = changes.filter((change) => change.ver > (this.#changes.get(change.person)?.ver ?? 0))
    for (const change of fresh) this.#changes.set(change.person, change)
    return fresh
  }

  /** The last change of this person's role when the claims are older than it. */
  newerThan(claims: DoorClaims): AccessChange | null {
    const change = this.#changes.get(claims.sub)
    return change !== undefined && outdated(claims, change) !== null ? change : null
  }

  /** Throws when the claims are older than their person's last change. */
  check(claims: DoorClaims): DoorClaims {
    const why = outdated(claims, this.#changes.get(claims.sub))
    if (why !== null) throw new AppError(why.code, { say: why.say, log: { sub: claims.sub } })
    return claims
  }
}

export function checkTokens(
  session: { repl: string; generation: number; keysUrl: string },
  standing: Standing,
): Tokens {
  // Keys are asked for again when a token names one that is not known, at most every 5 seconds.
  const keys = createRemoteJWKSet(new URL(session.keysUrl), {
    cooldownDuration: 5_000,
    timeoutDuration: 5_000,
  })
  return {
    door: async (token) =>
      standing.check(ours(await claims(token, { audience: doorAudience, shape: DoorClaims, keys }), session)),
    control: async (token) =>
      ours(await claims(token, { audience: controlAudience, shape: ControlClaims, keys }), session),
    ticket: async (token) =>
      ours(await claims(token, { audience: ticketAudience, shape: TicketClaims, keys }), session),
  }
}

async function claims<T>(
  token: string,
  want: { audience: string; shape: z.ZodType<T>; keys: JWTVerifyGetKey },
): Promise<T> {
  const payload = await verified(token, want)
  const parsed = want.shape.safeParse(payload)
  if (parsed.success) return parsed.data
  throw new AppError('bad-token', { say: 'This token does not say what it must.', cause: parsed.error })
}

async function verified(
  token: string,
  want: { audience: string; keys: JWTVerifyGetKey },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, want.keys, {
      issuer: tokenIssuer,
      audience: want.audience,
      algorithms: ['EdDSA', 'Ed25519'],
      clockTolerance: limits.tokenSkewSeconds,
    })
    return payload
  } catch (cause) {
    throw refusal(cause)
  }
}

function refusal(cause: unknown): AppError {
  if (cause instanceof errors.JWTExpired)
    return new AppError('expired-token', { say: 'This token has expired.', cause })
  if (cause instanceof errors.JWKSTimeout || !(cause instanceof errors.JOSEError))
    return new AppError('unavailable', { say: 'Tokens cannot be checked at the moment.', cause })
  return new AppError('bad-token', { say: 'This token is not valid.', cause })
}

function ours<T extends { repl: string; gen: number }>(
  claims: T,
  session: { repl: string; generation: number },
): T {
  if (claims.repl !== session.repl)
    throw new AppError('forbidden', { say: 'This token is for another REPL.' })
  if (claims.gen !== session.generation)
    throw new AppError('stale-generation', { say: 'This token is for another session of this REPL.' })
  return claims
}
