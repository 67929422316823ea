// What happened in a repl, as its owner reads it: one entry for each line of the audit log that is about that repl.
import { z } from 'zod'
import { Role } from './access.ts'
import { PersonId, PersonName } from './ids.ts'
import { Port, Visibility } from './preview.ts'

/** Somebody, called as they were then. */
const Who = z.object({ id: PersonId, name: PersonName })

const of = {
  /** Where its line begins in the audit log, in bytes: grows with time, and never changes. */
  id: z.number().int().min(0),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Who did it. */
  who: Who,
}

export const AuditEntry = z.discriminatedUnion('what', [
  z.object({ ...of, what: z.literal('invite-made'), role: Role, most: z.number().nullable() }),
  z.object({ ...of, what: z.literal('invite-revoked') }),
  z.object({ ...of, what: z.literal('invite-used') }),
  z.object({ ...of, what: z.literal('member-joined'), role: Role }),
  z.object({ ...of, what: z.literal('role-changed'), member: Who, from: Role, to: Role }),
  z.object({ ...of, what: z.literal('member-removed'), member: Who, from: Role }),
  z.object({ ...of, what: z.literal('preview-shown'), port: Port, from: Visibility, to: Visibility }),
])
export type AuditEntry = z.infer<typeof AuditEntry>

/** Entries of one answer at most. */
export const mostAudit = 100

export const AskAudit = z.object({
  /** Only entries of before this `id`: what an earlier answer gave as `earlier`. */
  before: z.coerce.number().int().min(0).optional(),
  most: z.coerce.number().int().min(1).max(mostAudit).default(mostAudit),
})

/** Newest first. `earlier` is what to ask `before` for what comes after the last entry; null when there is nothing more. */
export const AuditPage = z.object({
  entries: z.array(AuditEntry).max(mostAudit),
  earlier: z.number().nullable(),
})
export type AuditPage = z.infer<typeof AuditPage>
