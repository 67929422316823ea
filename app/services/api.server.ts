// The orchestrator's API as functions: every answer parsed by protocol/, every failure an AppError. Decides nothing.
import { z } from 'zod'
import { AuditPage, type AskAudit } from '../../protocol/audit.ts'
import { AppError } from '../../protocol/errors.ts'
import {
  Doors,
  Invite,
  InvitePreview,
  Orphan,
  Member,
  Person,
  Repl,
  Template,
  TookKept,
  Use,
  type AcceptInvite,
  type ChangeMember,
  type CreateInvite,
  type CreateRepl,
  type RemoveMember,
} from '../../protocol/repl.ts'
import { Code, PersonId, ReplId } from '../../protocol/ids.ts'
import { Preview, ShowPreview, type AskPreview } from '../../protocol/preview.ts'
import { read, sender, stream, type Ask, type Send } from './api-door.server.ts'

/** Merging what an overtaken session left may be the work of minutes of typing and many files. */
const takeWithinMs = 90_000

export interface Api {
  consumeLink(code: string): Promise<Person>
  /** Null when the id is nobody's (any more). */
  person(id: string): Promise<Person | null>
  templates(): Promise<Template[]>
  invite(code: string): Promise<InvitePreview>
  /** Without a person a guest of `name` is made. */
  acceptInvite(code: string, by: { person?: string; name?: string }): Promise<{ person: Person; repl: Repl }>
  as(person: string): PersonApi
}

/** What one person may ask for; every refusal is the orchestrator's. */
export interface PersonApi {
  repls(): Promise<Repl[]>
  createRepl(body: z.infer<typeof CreateRepl>): Promise<Repl>
  repl(id: string): Promise<Repl>
  renameRepl(id: string, name: string): Promise<Repl>
  startRepl(id: string): Promise<Repl>
  stopRepl(id: string): Promise<Repl>
  deleteRepl(id: string): Promise<Repl>
  /** Takes a deletion back. */
  undeleteRepl(id: string): Promise<Repl>
  doors(id: string): Promise<Doors>
  /** Null when no session runs. */
  use(id: string): Promise<Use | null>
  invites(id: string): Promise<Invite[]>
  createInvite(id: string, body: z.infer<typeof CreateInvite>): Promise<Invite>
  preview(id: string, body: z.input<typeof AskPreview>): Promise<Preview>
  showPreview(id: string, body: z.infer<typeof ShowPreview>): Promise<z.infer<typeof ShowPreview>>
  revokeInvite(id: string, code: string): Promise<Invite>
  members(id: string): Promise<Member[]>
  changeMember(id: string, person: string, body: z.infer<typeof ChangeMember>): Promise<Member[]>
  removeMember(id: string, person: string, body: z.infer<typeof RemoveMember>): Promise<Member[]>
  audit(id: string, ask: z.input<typeof AskAudit>): Promise<AuditPage>
  /** The raw event stream of a repl's progress after event `after`; ends when `signal` does. */
  progress(id: string, from: { after?: string; signal: AbortSignal }): Promise<ReadableStream<Uint8Array>>
  /** All files as one zip archive, made while it is read; ends when `signal` does. */
  /** The files that an overtaken session left, as a zip. */
  keptZip(id: string, kept: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  /** Brings what an overtaken session left into the running one. */
  takeKept(id: string, kept: string): Promise<TookKept>
  zip(id: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
}

const withPerson = z.object({ person: Person })
const withRepl = z.object({ repl: Repl })

/** An id from an address bar: a wrong shape is nobody's repl, and never reaches a URL. */
function replPath(id: string): string {
  if (ReplId.safeParse(id).success) return `/v1/repls/${id}`
  throw new AppError('not-found', { say: 'There is no such REPL, or it is not shared with you.' })
}

function keptPath(id: string, kept: string): string {
  if (Orphan.shape.id.safeParse(kept).success) return `${replPath(id)}/orphans/${kept}`
  throw new AppError('not-found', { say: 'This work was brought in already, or was never kept.' })
}

function codePath(folder: 'invites', code: string): string {
  if (Code.safeParse(code).success) return `/v1/${folder}/${code}`
  throw new AppError('not-found', { say: 'This invite does not exist. Ask for a new link.' })
}

export function connectApi(to: { url: string; secret: string }): Api {
  const send = sender(to)
  return {
    consumeLink: async (code) =>
      (await read(send, { method: 'POST', path: '/v1/links/consume', body: { code } }, withPerson)).person,
    person: (id) => findPerson(send, id),
    templates: async () =>
      (await read(send, { path: '/v1/templates' }, z.object({ templates: z.array(Template) }))).templates,
    invite: async (code) =>
      (await read(send, { path: codePath('invites', code) }, z.object({ invite: InvitePreview }))).invite,
    acceptInvite: (code, by) => acceptInvite(send, code, by),
    as: (person) => personApi(send, person),
  }
}

async function findPerson(send: Send, id: string): Promise<Person | null> {
  if (!PersonId.safeParse(id).success) return null
  try {
    return (await read(send, { path: `/v1/people/${id}` }, withPerson)).person
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return null
    throw error
  }
}

function acceptInvite(
  send: Send,
  code: string,
  by: { person?: string; name?: string },
): Promise<{ person: Person; repl: Repl }> {
  const body: z.infer<typeof AcceptInvite> = by.name === undefined ? {} : { name: by.name }
  const ask: Ask = { method: 'POST', path: `${codePath('invites', code)}/accept`, person: by.person, body }
  return read(send, ask, z.object({ person: Person, repl: Repl }))
}

function personApi(send: Send, person: string): PersonApi {
  const repl = async (ask: Omit<Ask, 'person'>): Promise<Repl> =>
    (await read(send, { ...ask, person }, withRepl)).repl
  const post = (path: string, body: unknown = {}) => repl({ method: 'POST', path, body })
  return {
    repls: async () =>
      (await read(send, { path: '/v1/repls', person }, z.object({ repls: z.array(Repl) }))).repls,
    createRepl: (body) => post('/v1/repls', body),
    repl: async (id) => repl({ path: replPath(id) }),
    renameRepl: async (id, name) => repl({ method: 'PATCH', path: replPath(id), body: { name } }),
    startRepl: async (id) => post(`${replPath(id)}/start`),
    stopRepl: async (id) => post(`${replPath(id)}/stop`),
    deleteRepl: async (id) => repl({ method: 'DELETE', path: replPath(id) }),
    undeleteRepl: async (id) => post(`${replPath(id)}/undelete`),
    doors: async (id) => {
      const ask: Ask = { method: 'POST', path: `${replPath(id)}/doors`, person, body: {} }
      return (await read(send, ask, z.object({ doors: Doors }))).doors
    },
    use: async (id) => (await read(send, { path: `${replPath(id)}/use`, person }, withUse)).use,
    ...sharing(send, person),
    preview: async (id, body) => {
      const ask: Ask = { method: 'POST', path: `${replPath(id)}/previews`, person, body }
      return (await read(send, ask, z.object({ preview: Preview }))).preview
    },
    showPreview: async (id, body) => {
      const ask: Ask = { method: 'PATCH', path: `${replPath(id)}/previews`, person, body }
      return (await read(send, ask, z.object({ preview: ShowPreview }))).preview
    },
    progress: (id, from) => progress(send, { id, person, ...from }),
    keptZip: async (id, kept, signal) => stream(send, { path: keptPath(id, kept), person, signal }),
    takeKept: async (id, kept) => {
      const ask: Ask = { method: 'POST', path: `${keptPath(id, kept)}/take`, person, body: {} }
      const signal = AbortSignal.timeout(takeWithinMs)
      return (await read(send, { ...ask, signal }, z.object({ took: TookKept }))).took
    },
    zip: async (id, signal) => stream(send, { path: `${replPath(id)}/zip`, person, signal }),
  }
}

const withUse = z.object({ use: Use.nullable() })
const withInvite = z.object({ invite: Invite })
const withMembers = z.object({ members: z.array(Member) })

type Sharing = Pick<
  PersonApi,
  'invites' | 'createInvite' | 'revokeInvite' | 'members' | 'changeMember' | 'removeMember' | 'audit'
>

/** Who is in a repl, the links by which others get in, and what was noted of all that. */
function sharing(send: Send, person: string): Sharing {
  const invite = async (ask: Omit<Ask, 'person'>) => (await read(send, { ...ask, person }, withInvite)).invite
  const members = async (ask: Omit<Ask, 'person'>) =>
    (await read(send, { ...ask, person }, withMembers)).members
  const invitesOf = (id: string): string => `${replPath(id)}/invites`
  const memberPath = (id: string, member: string): string => `${replPath(id)}/members/${member}`
  return {
    invites: async (id) =>
      (await read(send, { path: invitesOf(id), person }, z.object({ invites: z.array(Invite) }))).invites,
    createInvite: async (id, body) => invite({ method: 'POST', path: invitesOf(id), body }),
    revokeInvite: async (id, code) => invite({ method: 'DELETE', path: `${invitesOf(id)}/${code}` }),
    audit: async (id, ask) => {
      const wish = Object.entries(ask).map(([name, value]) => [name, String(value)])
      return read(send, { path: `${replPath(id)}/audit?${new URLSearchParams(wish)}`, person }, AuditPage)
    },
    members: async (id) => members({ path: `${replPath(id)}/members` }),
    changeMember: async (id, member, body) =>
      members({ method: 'PATCH', path: memberPath(id, member), body }),
    removeMember: async (id, member, body) =>
      members({ method: 'DELETE', path: memberPath(id, member), body }),
  }
}

function progress(
  send: Send,
  from: { id: string; person: string; after?: string; signal: AbortSignal },
): Promise<ReadableStream<Uint8Array>> {
  const path = `${replPath(from.id)}/progress`
  const headers = { accept: 'text/event-stream', ...(from.after ? { 'last-event-id': from.after } : {}) }
  return stream(send, { path, person: from.person, headers, signal: from.signal })
}
