// At most one restore, flush or following of a workspace runs at a time: a newer one ends the older first, so two never write
// one folder. A following alone ends nothing but another following.
import { AppError } from '../../protocol/errors.ts'

type Job = { stop: AbortController; done: Promise<unknown>; isFollowing: boolean }
type How = { signal: AbortSignal; isFollowing?: boolean }

export function workspaceJobs() {
  const running = new Map<string, Job>()
  return {
    /** Runs `work` once the job before it on this workspace is at rest; `signal` or a newer job ends it. */
    async run<T>(
      workspace: string,
      { signal, isFollowing = false }: How,
      work: (signal: AbortSignal) => Promise<T>,
    ): Promise<T> {
      const before = running.get(workspace)
      if (isFollowing && before?.isFollowing === false) throw superseded()
      before?.stop.abort(superseded())
      const stop = new AbortController()
      const ended = AbortSignal.any([signal, stop.signal])
      const done = Promise.resolve(before?.done.catch(() => undefined)).then(() => {
        ended.throwIfAborted()
        return work(ended)
      })
      const job: Job = { stop, done, isFollowing }
      running.set(workspace, job)
      try {
        return await done
      } finally {
        if (running.get(workspace) === job) running.delete(workspace)
      }
    },
    /** Ends every job and waits until all are at rest. */
    async close(): Promise<void> {
      const jobs = [...running.values()]
      for (const job of jobs) job.stop.abort(superseded())
      await Promise.allSettled(jobs.map((job) => job.done))
    },
  }
}

function superseded(): AppError {
  return new AppError('conflict', {
    say: 'This was ended: a newer one of the same workspace began, or sync stops.',
  })
}
