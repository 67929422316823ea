// What becomes of what sessions hand in: whose grant counts, commits of running sessions, and what overtaken ones park.
import { AppError } from '../protocol/errors.ts'
import type { CommitRequest, Parked } from '../protocol/objects.ts'
import type { GrantOf, Tokens } from './access/tokens.ts'
import type { Clock } from './clock.ts'
import type { Commits } from './commits.ts'
import type { Fence } from './fence.ts'
import type { Table } from './ledger/table.ts'
import type { HandIn } from './objects/door.ts'
import type { ObjectStore } from './objects/object-store.ts'
import { OrphanRecord, type ReplRecord } from './record.ts'
import { amount } from './words.ts'

export type HandInParts = {
  repls: Table<ReplRecord>
  store: ObjectStore
  commits: Commits
  tokens: Pick<Tokens, 'grant' | 'checkGrant'>
  fence: Fence
  clock: Clock
}

export function handInOf(parts: HandInParts): HandIn {
  return {
    checkGrant: (grant) => checkGrant(parts, grant),
    commit: (grant, request) => commit(parts, grant, request),
    park: (grant) => park(parts, grant),
    parked: (grant, what) => parked(parts, grant, what),
  }
}

/** A grant is worth something only while its generation is the repl's; one for orphans alone for as long as it lasts. */
async function checkGrant(parts: HandInParts, grant: string): Promise<GrantOf> {
  const claims = await parts.tokens.checkGrant(grant)
  const row = await parts.repls.get(claims.repl)
  if (row === null)
    throw new AppError('stale-generation', { say: 'There is no such REPL any more.', log: claims })
  if (claims.only === undefined) parts.fence(claims, row.value.generation)
  return claims
}

async function commit(
  { commits, repls, clock }: HandInParts,
  { repl, generation }: GrantOf,
  request: CommitRequest,
): Promise<{ at: number }> {
  const { at, ...commit } = await commits.advance({ repl, generation, ...request }, clock.now())
  await repls.change(repl, (now) =>
    now.generation === generation ? { ...now, committedAt: at, commit } : now,
  )
  return { at }
}

async function park({ tokens, repls }: HandInParts, grant: string): Promise<string> {
  const { repl, generation } = await tokens.checkGrant(grant)
  const row = await repls.get(repl)
  if (row === null) throw new AppError('not-found', { say: 'There is no such REPL any more.' })
  if (row.value.generation > generation) return tokens.grant({ repl, generation, only: 'orphans' })
  throw new AppError('forbidden', { say: 'This session has not been overtaken.', log: { repl, generation } })
}

async function parked(parts: HandInParts, grant: GrantOf, what: Parked): Promise<void> {
  const { repl, generation } = grant
  const keys = [what.files?.key, what.log?.key].filter((key) => key !== undefined)
  for (const key of keys) await mustBeThere(parts.store, grant, key)
  const at = parts.clock.now()
  const { files, bytes } = what.files ?? { files: 0, bytes: 0 }
  const orphan: OrphanRecord = {
    id: `${generation}-${at.toString(36)}`,
    generation,
    at,
    files,
    bytes,
    say: orphanSay(what),
    filesKey: what.files?.key ?? null,
    logKey: what.log?.key ?? null,
  }
  await parts.repls.change(repl, (now) => ({ ...now, orphans: withOrphan(now.orphans, orphan) }))
}

async function mustBeThere(store: ObjectStore, { repl, generation }: GrantOf, key: string): Promise<void> {
  const isOwn = key.startsWith(`v1/repls/${repl}/orphans/${generation}/`)
  if (isOwn && (await store.head(key)) !== null) return
  throw new AppError('bad-input', { say: 'What was to be parked is not there.', log: { key } })
}

/** An answer that was lost is asked for again. */
function withOrphan(orphans: OrphanRecord[], orphan: OrphanRecord): OrphanRecord[] {
  const isSame = (other: OrphanRecord) => other.filesKey === orphan.filesKey && other.logKey === orphan.logKey
  return orphans.some(isSame) ? orphans : [...orphans, orphan]
}

function orphanSay({ files, log }: Parked): string {
  const left = [
    files === null ? '' : amount(files),
    log === null ? '' : `${amount({ files: 1, bytes: log.bytes }).replace(/^.*\(|\)$/g, '')} of typed text`,
  ]
  return `A session that was overtaken by a newer one had not backed up ${left.filter(Boolean).join(' and ')}. It is kept beside this REPL.`
}
