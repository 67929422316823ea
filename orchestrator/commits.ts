// A repl's commits: which one is the last, and making a verified flush the next. Moves HEAD; uploads nothing.
import { AppError } from '../protocol/errors.ts'
import { type Head, type Manifest, objectFormat, objectKeys } from '../protocol/objects.ts'
import type { FlushClaim } from './objects/verify.ts'
import type { ObjectStore } from './objects/object-store.ts'

export type Amount = { files: number; bytes: number }

export type Commits = {
  last(repl: string): Promise<Head | null>
  /** Gives how many files of the person's it holds. Throws `verify-failed` when the store does not hold what was claimed, `stale-generation` when a newer writer committed. */
  commit(claim: FlushClaim, now: number): Promise<Amount>
  /** Removes everything that is this repl's alone. */
  remove(repl: string): Promise<void>
}

export type Verify = (store: ObjectStore, claim: FlushClaim) => Promise<Manifest>

export function commitsIn(store: ObjectStore, verify: Verify): Commits {
  return {
    last: (repl) => store.readHead(repl),
    async commit(claim, now) {
      const manifest = await verify(store, claim)
      const last = await store.readHead(claim.repl)
      if (last?.manifest === claim.key && last.sha256 === claim.sha256) return amountOf(manifest)
      if (last !== null && last.generation > claim.generation) throw stale(claim)
      const { repl, generation, key, sha256 } = claim
      const next = {
        format: objectFormat,
        repl,
        generation,
        seq: manifest.seq,
        manifest: key,
        sha256,
        at: now,
      } as const
      await store.swapHead(repl, last, next)
      return amountOf(manifest)
    },
    async remove(repl) {
      for (const key of await store.list(objectKeys.ofRepl(repl))) await store.delete(key)
    },
  }
}

/** The person's files alone: ours are nothing that they would count. */
function amountOf(manifest: Manifest): Amount {
  const files = manifest.workspace.filter((entry) => entry.kind === 'file')
  return { files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) }
}

function stale(claim: FlushClaim): AppError {
  return new AppError('stale-generation', {
    say: 'A newer session of this REPL has been backed up already. The files of this one are kept where they are.',
    log: { key: claim.key },
  })
}
