// The life of a repl as everybody outside the orchestrator sees it: phases, start steps, doors, and the API's shapes.
import { z } from 'zod'
import { WireError } from './errors.ts'
import { Role } from './access.ts'
import { Code, Generation, GuestName, PersonId, PersonName, ReplId, ReplName, TemplateId } from './ids.ts'

export const Phase = z.enum([
  'CREATED',
  'STARTING',
  'RUNNING',
  'DEGRADED',
  'RECOVERING',
  'QUIESCING',
  'FLUSHING',
  'VERIFYING',
  'FLUSH_FAILED',
  'RELEASING',
  'START_FAILED',
  'STOPPED',
  'DELETING',
  'DELETED',
])
export type Phase = z.infer<typeof Phase>

/** What the person who pressed a button last wants. */
export const Desired = z.enum(['running', 'stopped', 'deleted'])
export type Desired = z.infer<typeof Desired>

/** Steps of a start, in order. `pull` is told only where something is really downloaded. */
export const startSteps = ['reserve', 'place', 'pull', 'restore', 'boot', 'join', 'ready'] as const
/** Steps of a stop, in order. */
export const stopSteps = ['quiesce', 'flush', 'verify', 'release', 'stopped'] as const
export const Step = z.enum([...startSteps, ...stopSteps])
export type Step = z.infer<typeof Step>

/** Isolation level of a session on one machine, weakest first (see docs/isolation). */
export const Level = z.enum(['process', 'bwrap', 'bwrap+net', 'bwrap+net+cgroup'])
export type Level = z.infer<typeof Level>

/**
 * One event of a session's progress, told when its signal came and never before. `id` grows within a repl, so that a
 * page resumes with Last-Event-ID. `say` is a whole sentence; `ms` is the time the step took, when it is done or failed.
 */
export const ProgressEvent = z.object({
  id: z.number().int().min(1),
  at: z.number(),
  generation: Generation,
  step: Step,
  state: z.enum(['begun', 'done', 'failed']),
  say: z.string().max(500),
  ms: z.number().min(0).optional(),
})
export type ProgressEvent = z.infer<typeof ProgressEvent>

export const Person = z.object({ id: PersonId, name: PersonName, admin: z.boolean() })
export type Person = z.infer<typeof Person>

/** What a session that was overtaken by a newer one had not backed up; kept aside, for people to look at and take over. */
export const Orphan = z.object({
  /** Names it, with the generation of the session that it is of. */
  id: z.string().regex(/^\d+-[a-z0-9]+$/),
  generation: Generation,
  at: z.number(),
  /** Changed files in its zip, and their bytes. */
  files: z.number(),
  bytes: z.number(),
  /** A whole sentence. */
  say: z.string().max(500),
})
export type Orphan = z.infer<typeof Orphan>

/** What of it came into the running session. `beside`: files put beside one of the same name with other content. */
export const TookKept = z.object({
  edits: z.number().int().min(0),
  files: z.number().int().min(0),
  beside: z.number().int().min(0),
})
export type TookKept = z.infer<typeof TookKept>

/** Backups of a running session that fail again and again. */
export const BackupTrouble = z.object({
  /** When the first of these failures was, milliseconds since 1970. */
  since: z.number(),
  /** Why the last one failed: a whole sentence. */
  say: z.string().max(500),
})
export type BackupTrouble = z.infer<typeof BackupTrouble>

/** A repl as the API answers it; times are milliseconds since 1970. */
export const Repl = z.object({
  id: ReplId,
  name: ReplName,
  template: TemplateId,
  role: Role,
  ownerName: PersonName,
  phase: Phase,
  desired: Desired,
  generation: Generation,
  /** Why the phase is what it is, when something went wrong: words for people. */
  reason: z.string().max(500).nullable(),
  /** The isolation level of the running session, null when none runs. */
  level: Level.nullable(),
  createdAt: z.number(),
  /** Last start, stop or rename. */
  changedAt: z.number(),
  /** Time of the last verified commit ("Backed up"), null before the first. */
  committedAt: z.number().nullable(),
  /** What sessions that were overtaken by a newer one had not backed up, oldest first; left out when there is nothing. */
  orphans: z.array(Orphan).optional(),
  /** Left out while backups succeed, and when no session runs. */
  backupTrouble: BackupTrouble.optional(),
  /** Of a deleted one alone: until when it can be brought back, milliseconds since 1970. */
  goneAt: z.number().optional(),
})
export type Repl = z.infer<typeof Repl>

/** Where a page finds a running repl, answered by the API; pages never build addresses. All are absolute URLs without a trailing slash. */
export const Doors = z.object({
  repl: ReplId,
  generation: Generation,
  /** ws(s) address; a room is at `<collab>/<repl>/<doc>/<epoch>`, the repl's presence at `<collab>/<repl>/presence/0`. */
  collab: z.string(),
  /** http(s) address of the runner's doors; socket.io at path `<pathname>/live`, files at `<runner>/files/<path>`, proof at `<runner>/prove`. */
  runner: z.string(),
  /** Raw Ed25519 public key of the session, base64url: what `prove` must verify against. */
  runnerKey: z.string(),
  level: Level,
  /** Bearer token for both, its role, and when it ends (milliseconds since 1970). */
  token: z.string(),
  role: Role,
  expiresAt: z.number(),
  person: Person,
})
export type Doors = z.infer<typeof Doors>

/** What a running sandbox uses, our own processes in it counted too; `limits` of its box are null where nothing bounds it. */
export const Use = z.object({
  /** Bytes that are its processes' share of memory, and of the disk (null when that could not be told in time). */
  memoryBytes: z.number(),
  diskBytes: z.number().nullable(),
  processes: z.number(),
  limits: z.object({ memoryBytes: z.number(), diskBytes: z.number(), processes: z.number() }).nullable(),
})
export type Use = z.infer<typeof Use>

/** A template as the dashboard shows it (from templates/<id>/template.json). */
export const Template = z.object({
  id: TemplateId,
  title: z.string().min(1).max(40),
  description: z.string().max(200),
  /** Shell command of the Run button, run in the workspace folder. */
  run: z.string().min(1).max(500),
  /** Files opened at the first visit, workspace-relative. */
  open: z.array(z.string()).max(8),
  /** Container image on a cluster. */
  image: z.string().max(200),
})
export type Template = z.infer<typeof Template>

/** Invite as the owner sees it; the link is `<app>/invite/<code>`. */
export const Invite = z.object({
  code: Code,
  repl: ReplId,
  role: Role.exclude(['owner']),
  madeBy: PersonName,
  createdAt: z.number(),
  expiresAt: z.number(),
  /** How often it let somebody in, and how often it may; null is without a limit. */
  uses: z.number().int().min(0),
  most: z.number().int().min(1).nullable(),
  /** When it was taken back, or null. */
  revokedAt: z.number().nullable(),
})
export type Invite = z.infer<typeof Invite>

/** Somebody with a role in a repl, as its owner sees them. */
export const Member = z.object({ id: PersonId, name: PersonName, role: Role })
export type Member = z.infer<typeof Member>

/**
 * The orchestrator's HTTP API, JSON both ways, `authorization: Bearer <service secret>`; `x-devex-person: <PersonId>` says
 * for whom the app asks. Failures: status of the code, body `{error: WireError}`.
 *
 *   POST   /v1/links                 {}                       → {code, expiresAt}    a new one-time owner link (no person)
 *   POST   /v1/links/consume         ConsumeLink              → {person}             once; then `link-used` (no person)
 *   GET    /v1/people/:id                                     → {person}             (no person)
 *   GET    /v1/templates                                      → {templates: Template[]}
 *   GET    /v1/repls                                          → {repls: Repl[]}      for an owner also the deleted ones that can be brought back
 *   POST   /v1/repls                 CreateRepl               → {repl}
 *   GET    /v1/repls/:repl                                    → {repl}
 *   PATCH  /v1/repls/:repl           RenameRepl               → {repl}
 *   POST   /v1/repls/:repl/start     {}                       → {repl}               accepted in every phase
 *   POST   /v1/repls/:repl/stop      {}                       → {repl}               accepted in every phase
 *   DELETE /v1/repls/:repl                                    → {repl}               accepted in every phase
 *   POST   /v1/repls/:repl/undelete  {}                       → {repl}               takes a deletion back, as long as the tombstone stands; starts nothing
 *   POST   /v1/repls/:repl/doors     {}                       → {doors: Doors}       `not-running` unless RUNNING or DEGRADED
 *   GET    /v1/repls/:repl/use                                → {use: Use | null}    null when no sandbox runs
 *   GET    /v1/repls/:repl/zip                                → the workspace as application/zip; `not-running` when no sandbox holds one
 *   GET    /v1/repls/:repl/orphans                            → {orphans: Orphan[]}
 *   GET    /v1/repls/:repl/orphans/:id                        → the changed files as application/zip
 *   POST   /v1/repls/:repl/orphans/:id/take  {}               → {took: TookKept}     merged into the running session, and no longer listed
 *   GET    /v1/repls/:repl/progress                           → server-sent events, `data:` ProgressEvent, Last-Event-ID resumes;
 *                                                                event `repl` carries the Repl whenever it changed
 *   GET    /v1/repls/:repl/members                            → {members: Member[]}  owner first
 *   PATCH  /v1/repls/:repl/members/:person  ChangeMember      → {members}            doors know it within 1 s
 *   DELETE /v1/repls/:repl/members/:person  RemoveMember      → {members}            also by themselves: they leave
 *   GET    /v1/repls/:repl/audit     AskAudit in the query    → AuditPage            what happened, newest first
 *   GET    /v1/repls/:repl/invites                            → {invites: Invite[]}  newest first, without those long over
 *   POST   /v1/repls/:repl/invites   CreateInvite             → {invite: Invite}
 *   DELETE /v1/repls/:repl/invites/:code                      → {invite: Invite}     taken back: it lets nobody in any more
 *   GET    /v1/invites/:code                                  → {invite: InvitePreview}  (no person)
 *   POST   /v1/invites/:code/accept  AcceptInvite             → {person, repl}       person header optional: without it a guest is made
 *   POST   /v1/repls/:repl/previews  AskPreview               → {preview: Preview}   `not-running` unless RUNNING or DEGRADED
 *   PATCH  /v1/repls/:repl/previews  ShowPreview              → {preview: ShowPreview}  who may see a port
 *   GET    /v1/sessions/:repl/previews                        → {rules: PreviewRules}  (no secret: a token with `rulesAudience`, signed with the session's key)
 *   GET    /v1/keys                                           → JSON Web Key Set     (no secret)
 *   GET    /v1/access                                         → lines of AccessNews  (the relays' secret)
 */
export const ConsumeLink = z.object({ code: Code })
export const CreateRepl = z.object({ name: ReplName, template: TemplateId })
export const RenameRepl = z.object({ name: ReplName })
/** Hours in which an invite lets people in, when nothing else is said and at most; and its uses at most. */
export const inviteHours = { usual: 7 * 24, most: 30 * 24 } as const
const inviteUses = 1000
export const CreateInvite = z.object({
  role: Role.exclude(['owner']),
  hours: z.number().int().min(1).max(inviteHours.most).default(inviteHours.usual),
  /** Null: as often as it is opened. */
  most: z.number().int().min(1).max(inviteUses).nullable().default(null),
})
export const ChangeMember = z.object({ role: Role.exclude(['owner']) })
/** `invites`: take back every invite that is still good, too; a guest could come again by one. */
export const RemoveMember = z.object({ invites: z.boolean().default(false) })
/** `bad-input` when somebody in the repl is called so already, also of a known guest's own name: `name` is theirs from then on. */
export const AcceptInvite = z.object({ name: GuestName.optional() })
export const InvitePreview = z.object({
  replName: ReplName,
  role: Role,
  invitedBy: PersonName,
  expiresAt: z.number(),
})
export type InvitePreview = z.infer<typeof InvitePreview>
export const ApiFailure = z.object({ error: WireError })
