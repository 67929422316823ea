// Waits while git changes many files at once, so that a checkout is taken in as one change and never written into halfway.
// Never for long: a lock that was left behind holds nobody.
import type { Clock } from './clock.ts'
import type { Files } from './ports.ts'

/** Milliseconds after which a lock is no reason to wait any more: an editor of a commit message, a killed git. */
const longestMs = 3000
/** Milliseconds between two looks at the lock. */
const againMs = 25

type Deps = { files: Files; clock: Clock }

/** True while git is at work. */
export function gitWorks({ files, clock }: Deps): boolean {
  const since = files.gitLock()
  return since !== null && Math.abs(clock.now() - since) < longestMs
}

/** Resolves when git is done, or has been at it for too long. */
export async function gitDone(deps: Deps): Promise<void> {
  while (gitWorks(deps)) await new Promise<void>((resume) => deps.clock.after(againMs, resume))
}
