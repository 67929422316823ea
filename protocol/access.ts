// Who may do what: roles, the one table of permission, and the claims every door checks.
import { z } from 'zod'
import { Generation, PersonId, PersonName, ReplId } from './ids.ts'

export const Role = z.enum(['owner', 'editor', 'viewer'])
export type Role = z.infer<typeof Role>

const viewer = [
  'repl.open',
  'document.read',
  'file.read',
  'tree.read',
  'terminal.watch',
  'presence.show',
  'preview.see',
] as const
const editor = [
  ...viewer,
  'repl.start',
  'repl.stop',
  'document.edit',
  'file.write',
  'tree.change',
  'terminal.open',
  'terminal.type',
  'terminal.close',
  'run',
] as const
const owner = [
  ...editor,
  'repl.rename',
  'repl.delete',
  'invite.create',
  'member.change',
  'preview.share',
] as const

export type Action = (typeof owner)[number]

const allowed: Record<Role, ReadonlySet<Action>> = {
  viewer: new Set<Action>(viewer),
  editor: new Set<Action>(editor),
  owner: new Set<Action>(owner),
}

/** The only place of permission: may somebody with `role` in a repl do `action` there? */
export function can(role: Role, action: Action): boolean {
  return allowed[role].has(action)
}

/** Issuer and audiences of our JSON Web Tokens (EdDSA over Ed25519). */
export const tokenIssuer = 'devex'
export const doorAudience = 'devex-door'
export const runnerAudience = 'devex-runner'
export const controlAudience = 'devex-control'

/** Claims of a person's token for one repl; times are seconds since 1970. */
export const DoorClaims = z.object({
  sub: PersonId,
  name: PersonName,
  repl: ReplId,
  role: Role,
  gen: Generation,
  iat: z.number(),
  exp: z.number(),
})
export type DoorClaims = z.infer<typeof DoorClaims>

/** Claims of a runner's certificate: the orchestrator vouches that `key` (raw Ed25519, base64url) is this session's. */
export const RunnerClaims = z.object({
  repl: ReplId,
  gen: Generation,
  key: z.string().length(43),
  exp: z.number(),
})
export type RunnerClaims = z.infer<typeof RunnerClaims>

/** Claims of the orchestrator's token for a runner's control door. */
export const ControlClaims = z.object({ repl: ReplId, gen: Generation, exp: z.number() })
export type ControlClaims = z.infer<typeof ControlClaims>

/** Prefix of the subprotocol that carries a token: `bearer.<jwt>`. */
export const bearerPrefix = 'bearer.'

/** The text a runner signs with its session key to prove itself; `nonce` is 16 to 64 base64url characters. */
export function proofText(proof: { repl: string; generation: number; nonce: string }): string {
  return `devex-proof-1|${proof.repl}|${proof.generation}|${proof.nonce}`
}

export const ProofNonce = z.string().regex(/^[A-Za-z0-9_-]{16,64}$/)

/** Answer of a runner's `prove` door; `signature` is base64url over `proofText`. */
export const Proof = z.object({ repl: ReplId, generation: Generation, signature: z.string() })
export type Proof = z.infer<typeof Proof>
