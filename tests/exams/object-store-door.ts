// A store behind the orchestrator's own objects door, over real HTTP, with grants of the test's own.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import express from 'express'
import { objectsDoor } from '../../orchestrator/objects/door.ts'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { AppError } from '../../protocol/errors.ts'

/** Only `grant-<generation>` of the fence's present generation is taken. */
export type Guarded = { store: ObjectStore; repl: string; fence: { generation: number } }

export async function startObjectsDoor({
  store,
  repl,
  fence,
}: Guarded): Promise<{ url: string; close(): void }> {
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const checkGrant = async (grant: string) => {
    if (grant === `grant-${fence.generation}`) return { repl, generation: fence.generation }
    throw new AppError('stale-generation', { say: 'A newer session has begun.' })
  }
  app.use(objectsDoor({ store, secret: randomBytes(32), baseUrl: url, now: () => Date.now(), checkGrant }))
  return {
    url,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
