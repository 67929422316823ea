// Carries out what was decided, one action at a time, each repeatable. Writes no phase: that is the reconciler's.
import type { Logger } from 'pino'
import { limits } from '../protocol/limits.ts'
import { AppError } from '../protocol/errors.ts'
import { changesOf } from './access/members.ts'
import type { SessionKeys } from './access/session-keys.ts'
import type { SessionName, Tokens } from './access/tokens.ts'
import { type Clock, wait } from './clock.ts'
import type { Commits } from './commits.ts'
import { type Effect, restarted } from './decide.ts'
import type { Exposure } from './exposure/exposure.ts'
import type { Table } from './ledger/table.ts'
import type { Patch, ReplRecord } from './record.ts'
import type { RunnerControl } from './runner-control.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import type { SyncRequests } from './sync-requests.ts'
import type { Templates } from './templates.ts'
import { amount, broughtBack, isolationWords, lastWords, notKept } from './words.ts'

export type EffectParts = {
  repls: Table<ReplRecord>
  sandbox: Sandbox
  exposure: Exposure
  templates: Templates
  commits: Commits
  sync: SyncRequests
  control: RunnerControl
  tokens: Tokens
  sessionKeys: SessionKeys
  clock: Clock
  /** Our own address, for sync. */
  apiUrl: () => string
  /** Removes what is kept of a purged repl elsewhere. */
  forget: (repl: string) => Promise<void>
  log: Logger
}

/** What an action says when it is done, and what it learnt that the record must keep. */
export type Done = { say?: string; patch?: Patch } | 'called-off' | 'gone'

/** A runner's health is asked this often while a start waits for it. */
const lookMs = 25
/** A start waits this long for the runner to answer, and then for the room. */
const bootMs = 30_000
const joinMs = 30_000

const quiesceSay =
  'This session is stopping, so nothing more can be typed. Edits that were not saved yet wait in your page and come in at the next start.'

export function effectsOf(parts: EffectParts): (effect: Effect, record: ReplRecord) => Promise<Done> {
  const perform: Record<Effect['do'], (record: ReplRecord) => Promise<Done>> = {
    reserve: (record) => reserve(parts, record),
    async place(record) {
      await parts.sandbox.place(record.id)
      return { say: 'Found a place on this machine' }
    },
    restore: (record) => restore(parts, record),
    boot: (record) => boot(parts, record),
    join: (record) => join(parts, record),
    async quiesce(record) {
      const { seq } = await parts.control.quiesce(nameOf(record), parts.sandbox.door(record.id), quiesceSay)
      return { say: 'Programs have ended', patch: { seq } }
    },
    async 'end-box'(record) {
      await parts.sandbox.endBox(record.id)
      return {}
    },
    async end(record) {
      await parts.sandbox.end(record.id)
      return {}
    },
    flush: (record) => flush(parts, record),
    verify: (record) => verify(parts, record),
    async release(record) {
      await parts.exposure.hide(record.id)
      await parts.sandbox.release(record.id)
      await parts.sessionKeys.forget(record.id)
      return { say: 'The place is free again' }
    },
    async resume(record) {
      await parts.control.resume(nameOf(record), parts.sandbox.door(record.id))
      return {}
    },
    async 'set-aside'(record) {
      await parts.exposure.hide(record.id)
      const to = await parts.sandbox.setAside(record.id)
      parts.log.warn({ repl: record.id, to }, 'what was left of a sandbox was set aside')
      return {}
    },
    async purge(record) {
      await parts.commits.remove(record.id)
      await parts.sandbox.release(record.id)
      await parts.forget(record.id)
      return 'gone'
    },
  }
  return (effect, record) => perform[effect.do](record)
}

/** Claims the next generation: written by compare-and-set, so that two claims never give the same number. */
async function reserve(parts: EffectParts, record: ReplRecord): Promise<Done> {
  const others = (await parts.repls.list()).filter(
    (row) => row.id !== record.id && row.value.owner === record.owner && runs(row.value),
  )
  if (others.length >= limits.runningPerPerson)
    throw new AppError('too-many', {
      say: `You already run ${others.length}. Stop one to start this.`,
      log: { running: others.length },
    })
  const last = (await parts.commits.last(record.id)).head?.generation ?? 0
  await parts.repls.change(record.id, (now) => ({ ...now, generation: Math.max(last, now.generation) + 1 }))
  return { say: 'Reserved a place' }
}

function runs(record: ReplRecord): boolean {
  return !['CREATED', 'STOPPED', 'START_FAILED', 'DELETING', 'DELETED'].includes(record.phase)
}

/** Into new folders, whatever is there now: a start must be right even when the old ones were removed or altered. */
async function restore(parts: EffectParts, record: ReplRecord): Promise<Done> {
  const { head, log } = await parts.commits.last(record.id)
  if (head === null && record.committedAt !== null) throw lostBackup(record, 'start-failed')
  await parts.sandbox.end(record.id)
  const folders = await parts.sandbox.staging(record.id)
  const target = await syncTarget(parts, record)
  if (head === null) await parts.templates.find(record.template)
  const source =
    head === null
      ? ({ kind: 'template', folder: parts.templates.files(record.template) } as const)
      : ({ kind: 'manifest', key: head.manifest, sha256: head.sha256 } as const)
  const restored = await parts.sync.restore({ target, ...folders, source, log })
  await parts.sandbox.adoptStaging(record.id)
  if (restored.unread !== undefined)
    parts.log.error({ repl: record.id, unread: restored.unread, of: log.length }, 'log objects are damaged')
  // Sync counts our own files too; the verified commit counts the person's.
  const files = amount(head === null ? restored : (record.commit ?? restored))
  return {
    say: broughtBack({ files, isFirst: head === null, log: log.length, unread: restored.unread ?? 0 }),
  }
}

/** Never the template in its place: its files would become the next commit, over those that are only out of reach. */
function lostBackup(
  { id, committedAt }: Pick<ReplRecord, 'id' | 'committedAt'>,
  code: 'start-failed' | 'flush-failed',
): AppError {
  const again = code === 'start-failed' ? ', then start again' : ''
  return new AppError(code, {
    say: `This REPL has been backed up, but the object store does not hold its backup. Nothing was changed. See that the store is there (is its disk mounted?)${again}.`,
    log: { repl: id, committedAt },
  })
}

async function syncTarget(parts: EffectParts, record: ReplRecord) {
  const name = nameOf(record)
  return { api: parts.apiUrl(), grant: await parts.tokens.grant(name), ...name }
}

async function boot(parts: EffectParts, record: ReplRecord): Promise<Done> {
  const session = nameOf(record)
  const key = await parts.sessionKeys.of(session)
  const { run } = await parts.templates.find(record.template)
  const certificate = await parts.tokens.certificate(session, key.publicKey)
  const { privateKey } = key
  // As it is now: a role may have changed since the record was read.
  const access = changesOf((await parts.repls.get(record.id))?.value ?? record)
  const started = await parts.sandbox.boot({
    ...session,
    name: record.name,
    run,
    certificate,
    privateKey,
    access,
  })
  if (started.runner && started.box && isOneDeath(record)) await tellBoth(parts, record)
  await parts.exposure.expose(record.id, parts.sandbox.door(record.id))
  const isUp = await until(parts, record, {
    withinMs: bootMs,
    holds: async () => (await parts.control.health(session, parts.sandbox.door(record.id))) !== null,
  })
  if (isUp === 'called-off') return isUp
  if (isUp === 'too-late')
    throw await bootFault(parts, record, { say: 'The workspace did not answer in time.' })
  const { level } = parts.sandbox
  return { say: `The workspace runs. ${isolationWords(level)}`, patch: { runnerKey: key.publicKey, level } }
}

/** Decided when one of the two was dying still: then people were told of the other's death alone. */
const isOneDeath = ({ phase, reason }: ReplRecord): boolean =>
  phase === 'DEGRADED' && (reason === restarted.runner || reason === restarted.box)

async function tellBoth(parts: EffectParts, record: ReplRecord): Promise<void> {
  const reason = restarted.both
  await parts.repls.change(record.id, (now) => ({ ...now, reason }))
  parts.log.info({ repl: record.id, phase: record.phase, reason }, 'more had ended than was seen first')
}

async function join(parts: EffectParts, record: ReplRecord): Promise<Done> {
  let missing = 'the workspace did not answer'
  const isJoined = await until(parts, record, {
    withinMs: joinMs,
    async holds() {
      const health = await parts.control.health(nameOf(record), parts.sandbox.door(record.id))
      if (health !== null)
        missing = health.linkReady ? 'the terminals are not ready' : 'the room does not answer'
      return health !== null && health.linkReady && health.boxReady
    },
  })
  if (isJoined === 'called-off') return isJoined
  if (isJoined === 'too-late')
    throw await bootFault(parts, record, { say: `Joining the room took too long: ${missing}.` })
  return { say: 'In the room' }
}

async function flush(parts: EffectParts, record: ReplRecord): Promise<Done> {
  const { workspace, state } = await parts.sandbox.place(record.id)
  const target = await syncTarget(parts, record)
  const { head } = await parts.commits.last(record.id)
  // An empty folder where a disk was mounted is no place for the only copy of somebody's work.
  if (head === null && record.committedAt !== null) throw lostBackup(record, 'flush-failed')
  const parent = head === null ? {} : { parent: { key: head.manifest, sha256: head.sha256 } }
  // After a failure nothing that the store holds is relied upon.
  const how = { seq: record.seq, reuse: record.attempts === 0, ...parent }
  const log = await parts.commits.nextLog(record.id, record.generation)
  const flushed = await parts.sync.flush({ target, workspace, state, log, ...how })
  return { say: 'The files are in the store', patch: { flushed } }
}

async function verify(parts: EffectParts, record: ReplRecord): Promise<Done> {
  if (record.flushed === null) throw new AppError('flush-failed', { say: 'There is no backup to check.' })
  const { key, sha256, notes } = record.flushed
  const commit = await parts.commits.commit({ ...nameOf(record), key, sha256 }, parts.clock.now())
  return { say: `The backup is whole: ${amount(commit)}${notKept(notes)}`, patch: { commit } }
}

type Wanted = { withinMs: number; holds: () => Promise<boolean> }

/** Looks until `holds`; gives up when time is over, a process of the session ended, or nobody wants the start any more. */
async function until(
  parts: EffectParts,
  record: ReplRecord,
  wanted: Wanted,
): Promise<'holds' | 'called-off' | 'too-late'> {
  const end = parts.clock.now() + wanted.withinMs
  while (parts.clock.now() < end) {
    if (await wanted.holds()) return 'holds'
    const facts = await parts.sandbox.observe(nameOf(record))
    if (!facts.runner || !facts.box) {
      const isFirst = record.phase === 'STARTING'
      // What outlived its parents is seen by no later look; and the last words are whole when all have ended. Of a session that
      // ran, one side outlives the other: what the dead one left ends with its next start.
      if (isFirst) await parts.sandbox.end(record.id)
      const when = isFirst ? 'while it was starting' : 'before the session was well again'
      const dead = facts.runner ? 'box' : 'runner'
      throw await bootFault(parts, record, { say: `The ${dead} ended ${when}.`, dead })
    }
    if ((await parts.repls.get(record.id))?.value.desired !== 'running') return 'called-off'
    await wait(parts.clock, lookMs)
  }
  return 'too-late'
}

/** `dead` names the process that ended: only then are the last words the reason. */
async function bootFault(
  parts: EffectParts,
  record: ReplRecord,
  fault: { say: string; dead?: 'runner' | 'box' },
): Promise<AppError> {
  const lastLines = await parts.sandbox.lastLines(record.id)
  const words = fault.dead === undefined ? '' : lastWords(lastLines[fault.dead])
  const say = words === '' ? fault.say : `${fault.say} Its last words: ${words}`
  return new AppError('start-failed', { say, log: { lastLines } })
}

function nameOf(record: ReplRecord): SessionName {
  return { repl: record.id, generation: record.generation }
}
