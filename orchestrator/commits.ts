// A repl's commits: which one is the last, what log came after it, and making a verified cut the next. Moves HEAD; uploads nothing.
import { AppError } from '../protocol/errors.ts'
import { type Head, logNumber, type Manifest, objectFormat, objectKeys } from '../protocol/objects.ts'
import type { Fence } from './fence.ts'
import { type FlushClaim, readManifest } from './objects/verify.ts'
import type { ObjectStore } from './objects/object-store.ts'

export type Amount = { files: number; bytes: number }

/** What is restored from: HEAD, null before the first commit, and the log objects that came after it, in order. */
export type Last = { head: Head | null; log: string[] }

export type Commits = {
  /** Waits for a commit that is being made: whoever has claimed a newer generation reads the last that there will be. */
  last(repl: string): Promise<Last>
  /** Number of the next log object of a generation. */
  nextLog(repl: string, generation: number): Promise<number>
  /**
   * Commits the cut of a stopped session, whole: every object is read again. Gives how many files of the person's it holds.
   * Throws `verify-failed` when the store does not hold what was claimed, `stale-generation` when a newer session has begun.
   */
  commit(claim: FlushClaim, now: number): Promise<Amount>
  /** As `commit`, of a running session: only what its parent does not name is read again, and HEAD must be its parent, else `conflict`.
   * `at`: whatever was there then is backed up now.
   */
  advance(claim: FlushClaim, now: number): Promise<Amount & { at: number }>
  /** Removes everything that is this repl's alone. */
  remove(repl: string): Promise<void>
}

export type Verify = (store: ObjectStore, claim: FlushClaim, known?: Manifest | null) => Promise<Manifest>

export type CommitParts = {
  store: ObjectStore
  verify: Verify
  fence: Fence
  /** The newest generation that was claimed, 0 when the repl is not known. */
  newest: (repl: string) => Promise<number>
}

export function commitsIn(parts: CommitParts): Commits {
  const { store } = parts
  const inTurn = turns()
  return {
    last: (repl) => inTurn(repl, () => lastOf(store, repl)),
    async nextLog(repl, generation) {
      const own = (await logObjects(store, repl)).filter((log) => log.generation === generation)
      return own.reduce((next, { n }) => Math.max(next, n + 1), 0)
    },
    commit: (claim, now) =>
      inTurn(claim.repl, async () => {
        const manifest = await parts.verify(store, claim)
        return moveHead(parts, { claim, manifest, head: await store.readHead(claim.repl), now })
      }),
    advance: (claim, now) => inTurn(claim.repl, () => advance(parts, claim, now)),
    async remove(repl) {
      for (const key of await store.list(objectKeys.ofRepl(repl))) await store.delete(key)
    },
  }
}

async function advance(parts: CommitParts, claim: FlushClaim, now: number): Promise<Amount & { at: number }> {
  const head = await parts.store.readHead(claim.repl)
  const known = head === null ? null : await parentOf(parts.store, head)
  const manifest = await parts.verify(parts.store, claim, known)
  const isNext = manifest.parent === (head?.manifest ?? null)
  const at = Math.min(now, manifest.at)
  if (isNext || isHead(head, claim))
    return { ...(await moveHead(parts, { claim, manifest, head, now: at })), at }
  throw new AppError('conflict', {
    say: 'Another backup of this REPL was committed meanwhile.',
    log: { parent: manifest.parent, head: head?.manifest },
  })
}

type Moving = { claim: FlushClaim; manifest: Manifest; head: Head | null; now: number }

/** The fence is asked last: a newer session that was claimed before has waited for us, or we are refused. */
async function moveHead(parts: CommitParts, { claim, manifest, head, now }: Moving): Promise<Amount> {
  if (isHead(head, claim)) return amountOf(manifest)
  parts.fence(claim, Math.max(head?.generation ?? 0, await parts.newest(claim.repl)))
  const { repl, generation, key, sha256 } = claim
  const { seq, log } = manifest
  const named = { manifest: key, sha256, at: now, ...(log === undefined ? {} : { log }) }
  await parts.store.swapHead(repl, head, { format: objectFormat, repl, generation, seq, ...named })
  return amountOf(manifest)
}

function isHead(head: Head | null, { key, sha256 }: FlushClaim): boolean {
  return head?.manifest === key && head.sha256 === sha256
}

/** Null when it is not what HEAD says of it: then nothing is taken as verified. */
async function parentOf(store: ObjectStore, head: Head): Promise<Manifest | null> {
  const { repl, generation, manifest, sha256 } = head
  return readManifest(store, { repl, generation, key: manifest, sha256 }).catch((thrown: unknown) => {
    if (thrown instanceof AppError && thrown.code === 'verify-failed') return null
    throw thrown
  })
}

async function lastOf(store: ObjectStore, repl: string): Promise<Last> {
  const head = await store.readHead(repl)
  const from = { generation: head?.generation ?? 0, n: head?.log ?? 0 }
  const later = (await logObjects(store, repl)).filter(
    ({ generation, n }) => generation > from.generation || (generation === from.generation && n >= from.n),
  )
  return { head, log: later.map(({ key }) => key) }
}

/** In the order in which they were shipped. */
async function logObjects(store: ObjectStore, repl: string) {
  const keys = await store.list(objectKeys.logsOf(repl))
  return keys
    .flatMap((key) => {
      const number = logNumber(key)
      return number === null ? [] : [{ key, ...number }]
    })
    .sort((a, b) => a.generation - b.generation || a.n - b.n)
}

/** The person's files alone: ours are nothing that they would count. */
function amountOf(manifest: Manifest): Amount {
  const files = manifest.workspace.filter((entry) => entry.kind === 'file')
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) }
}

/** Work on one repl's HEAD is done one after the other. */
function turns(): <T>(repl: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>()
  return async (repl, work) => {
    const mine = (last.get(repl) ?? Promise.resolve()).then(work)
    const settled = mine.catch(() => undefined)
    last.set(repl, settled)
    try {
      return await mine
    } finally {
      if (last.get(repl) === settled) last.delete(repl)
    }
  }
}
