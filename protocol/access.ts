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
  'terminal.ask',
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
  'terminal.drive',
  'terminal.close',
  'run',
] as const
const owner = [
  ...editor,
  'repl.rename',
  'repl.delete',
  'invite.create',
  'member.change',
  'audit.read',
  'preview.share',
  'terminal.assign',
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

/** What a start asks of a role: that of a repl which is being deleted, or was, takes the deletion back. */
export function neededToStart({ desired }: { desired: 'running' | 'stopped' | 'deleted' }): Action {
  return desired === 'deleted' ? 'repl.delete' : 'repl.start'
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
  /** Version of the repl's list of members when this was signed; 0 from a server that knows no versions. */
  ver: z.number().int().min(0).default(0),
  iat: z.number(),
  exp: z.number(),
})
export type DoorClaims = z.infer<typeof DoorClaims>

/** A change of one person's role in a repl, told to every door: it refuses their tokens of a lower `ver` from then on. */
export const AccessChange = z.object({
  repl: ReplId,
  person: PersonId,
  /** Version of the list of members that this change made. */
  ver: z.number().int().min(1),
  /** Null when they are no member any more. */
  role: Role.nullable(),
  /** Whole sentence for this person. */
  say: z.string().max(300),
})
export type AccessChange = z.infer<typeof AccessChange>

/** Lines of the orchestrator's `GET /v1/access`: first `all` changes that tokens of today may be older than, then each as it is made. */
export const AccessNews = z.discriminatedUnion('told', [
  z.object({ told: z.literal('all'), changes: z.array(AccessChange) }),
  z.object({ told: z.literal('change'), change: AccessChange }),
  /** Said every `accessHereMs`, so that a dead connection is noticed. */
  z.object({ told: z.literal('here') }),
])
export type AccessNews = z.infer<typeof AccessNews>
export const accessHereMs = 5_000

/** What a page is told on its sockets to the runner when its person's role changed (event `access`). */
export const RoleTold = AccessChange.pick({ role: true, say: true })
export type RoleTold = z.infer<typeof RoleTold>

/** Why a token is refused although its signature and time are good; null when it is not older than its person's last change. */
export function outdated(
  claims: Pick<DoorClaims, 'ver'>,
  change: AccessChange | undefined,
): { code: 'forbidden' | 'expired-token'; say: string } | null {
  if (change === undefined || claims.ver >= change.ver) return null
  if (change.role === null) return { code: 'forbidden', say: change.say }
  return { code: 'expired-token', say: 'Your role has changed: your access has to be renewed.' }
}

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
