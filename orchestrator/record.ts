// What the ledger keeps of a repl and its session. Shapes only; what follows from them is decided in decide.ts.
import { z } from 'zod'
import { FlushNotes } from '../protocol/control.ts'
import { Role } from '../protocol/access.ts'
import { Generation, PersonId, ReplId, ReplName, Sha256, TemplateId } from '../protocol/ids.ts'
import { BackupTrouble, Desired, Level, Orphan, Phase } from '../protocol/repl.ts'

/** Steps of a start that are acted on, in order; the record keeps which one is next. */
export const StartStep = z.enum(['reserve', 'place', 'restore', 'boot', 'join'])
export type StartStep = z.infer<typeof StartStep>

/** A manifest that sync has put into the store and nobody has verified yet. */
export const FlushedManifest = z.object({
  key: z.string(),
  sha256: Sha256,
  files: z.number(),
  bytes: z.number(),
  notes: FlushNotes.exactOptional(),
})
export type FlushedManifest = z.infer<typeof FlushedManifest>

export const OrphanRecord = Orphan.extend({ filesKey: z.string().nullable(), logKey: z.string().nullable() })
export type OrphanRecord = z.infer<typeof OrphanRecord>

/** The last change of somebody's role after they had come: who made it, and the version of the list of members it made. */
export const MemberChange = z.object({
  ver: z.number().int().min(1),
  by: PersonId,
  byName: z.string(),
  at: z.number(),
})
export type MemberChange = z.infer<typeof MemberChange>

export const ReplRecord = z.object({
  format: z.literal(1),
  id: ReplId,
  name: ReplName,
  template: TemplateId,
  owner: PersonId,
  /** Everybody with a role here, the owner too. */
  members: z.record(PersonId, Role),
  /** Grows with each change of a role; tokens carry it. */
  access: z.number().int().min(0).default(0),
  /** By person, of members and of those who were removed. Kept: doors that restart are told again. */
  changes: z.record(PersonId, MemberChange).default({}),
  desired: Desired,
  phase: Phase,
  step: StartStep.nullable(),
  generation: Generation,
  /** The log's end as last told by the runner. */
  seq: z.number().int().min(0),
  /** Failures in a row of what this phase tries. */
  attempts: z.number().int().min(0),
  /** Why the phase is what it is, in words for people. */
  reason: z.string().nullable(),
  /** Nothing is tried in this phase before this time (milliseconds since 1970). */
  deadline: z.number().nullable(),
  /** Presses of start, and the last one that a start was begun for: a failed start waits for the next press. */
  asks: z.number().int().min(0),
  answered: z.number().int().min(0),
  /** True from before a runner may write until a flush is verified: the sandbox's folders hold what is nowhere else. */
  unflushed: z.boolean(),
  /** True when the runner has said that nothing more will be written. */
  quiesced: z.boolean(),
  flushed: FlushedManifest.nullable(),
  /** Raw Ed25519 key of the session, base64url, and its isolation level; null when none runs. */
  runnerKey: z.string().nullable(),
  level: Level.nullable(),
  createdAt: z.number(),
  changedAt: z.number(),
  committedAt: z.number().nullable(),
  /** How much the last commit holds. */
  commit: z.object({ files: z.number(), bytes: z.number() }).nullable(),
  /** What overtaken sessions left, oldest first, and the objects in which it lies. */
  orphans: z.array(OrphanRecord).default([]),
  /** Backups of session `generation` that fail again and again. */
  backupTrouble: BackupTrouble.extend({ generation: Generation }).nullable().default(null),
  /** When the present start or stop was begun. */
  begunAt: z.number().nullable(),
})
export type ReplRecord = z.infer<typeof ReplRecord>
export type Patch = Partial<Omit<ReplRecord, 'format' | 'id'>>

export type NewRepl = { id: string; name: string; template: string; owner: string; now: number }

export function newRecord(repl: NewRepl): ReplRecord {
  return {
    format: 1,
    id: repl.id,
    name: repl.name,
    template: repl.template,
    owner: repl.owner,
    members: { [repl.owner]: 'owner' },
    access: 0,
    changes: {},
    desired: 'stopped',
    phase: 'CREATED',
    step: null,
    generation: 0,
    seq: 0,
    attempts: 0,
    reason: null,
    deadline: null,
    asks: 0,
    answered: 0,
    unflushed: false,
    quiesced: false,
    flushed: null,
    runnerKey: null,
    level: null,
    createdAt: repl.now,
    changedAt: repl.now,
    committedAt: null,
    commit: null,
    orphans: [],
    backupTrouble: null,
    begunAt: null,
  }
}
