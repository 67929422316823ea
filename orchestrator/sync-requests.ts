// What the orchestrator asks of sync: restore, follow, flush and zip one repl's folders. Never trusts the answer about what is stored.
import type { Readable } from 'node:stream'
import {
  Flushed,
  type FlushRequest,
  FollowProgress,
  type FollowRequest,
  RestoreProgress,
  type RestoreRequest,
} from '../protocol/control.ts'
import { AppError } from '../protocol/errors.ts'
import { ask, askLines, askStream } from './http-ask.ts'

/** Sync is silent while it hashes and packs; a tree of many gigabytes takes minutes. */
const silentMs = 15 * 60 * 1000

/** While it follows a session it says now and then that it is there. */
const followSilentMs = 90_000

export type SyncRequests = {
  /** `unread`: pieces of the log, the last ones, that could not be used. */
  restore(request: RestoreRequest): Promise<{ files: number; bytes: number; unread?: number | undefined }>
  flush(request: FlushRequest): Promise<Flushed>
  /** Resolves when the following has ended by itself; `signal` ends it. */
  follow(
    request: FollowRequest,
    listener: { signal: AbortSignal; told: (progress: FollowProgress) => void },
  ): Promise<void>
  /** `leaving` ends it. */
  zip(workspace: string, leaving: AbortSignal): Promise<Readable>
}

export function syncRequests(sync: { url: string; secret: string }): SyncRequests {
  const common = { at: { origin: sync.url }, method: 'POST', bearer: sync.secret, silentMs } as const
  return {
    async restore(request) {
      for await (const line of askLines({ ...common, path: '/restore', body: request })) {
        const progress = RestoreProgress.parse(JSON.parse(line.replace(/^data: ?/, '')))
        if ('failed' in progress) throw new AppError('start-failed', { say: progress.failed })
        if (progress.done) return progress
      }
      throw new AppError('unavailable', { say: 'Bringing back the files ended too early.' })
    },
    async follow(request, { signal, told }) {
      const lines = askLines({ ...common, silentMs: followSilentMs, path: '/follow', body: request, signal })
      for await (const line of lines) told(FollowProgress.parse(JSON.parse(line)))
    },
    zip: (workspace, signal) => askStream({ ...common, path: '/zip', body: { workspace }, signal }),
    flush: async (request) => Flushed.parse(await ask({ ...common, path: '/flush', body: request })),
  }
}
