// What the orchestrator asks of sync: restore and flush one repl's folders. Never trusts the answer about what is stored.
import type { z } from 'zod'
import { Flushed, type FlushRequest, RestoreProgress, type RestoreRequest } from '../protocol/control.ts'
import { AppError } from '../protocol/errors.ts'
import { ask, askLines } from './http-ask.ts'

/** Sync is silent while it hashes and packs; a tree of many gigabytes takes minutes. */
const silentMs = 15 * 60 * 1000

export type SyncRequests = {
  restore(request: RestoreRequest): Promise<{ files: number; bytes: number }>
  flush(request: z.infer<typeof FlushRequest>): Promise<Flushed>
}

export function syncRequests(sync: { url: string; secret: string }): SyncRequests {
  const common = { at: { origin: sync.url }, method: 'POST', bearer: sync.secret, silentMs } as const
  return {
    async restore(request) {
      for await (const line of askLines({ ...common, path: '/restore', body: request })) {
        const progress = RestoreProgress.parse(JSON.parse(line.replace(/^data: ?/, '')))
        if ('failed' in progress) throw new AppError('start-failed', { say: progress.failed })
        if (progress.done) return { files: progress.files, bytes: progress.bytes }
      }
      throw new AppError('unavailable', { say: 'Bringing back the files ended too early.' })
    },
    flush: async (request) => Flushed.parse(await ask({ ...common, path: '/flush', body: request })),
  }
}
