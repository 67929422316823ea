// A store behind the orchestrator's own objects door and commits, over real HTTP, with grants and a ledger of the test's own.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import express from 'express'
import { type Commits, commitsIn, type Verify } from '../../orchestrator/commits.ts'
import { type Fence, fence as realFence } from '../../orchestrator/fence.ts'
import { objectsDoor } from '../../orchestrator/objects/door.ts'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { verify as realVerify } from '../../orchestrator/objects/verify.ts'
import { AppError } from '../../protocol/errors.ts'
import type { Parked } from '../../protocol/objects.ts'

/** `fence.generation` is the newest that was claimed; `grant-<generation>` is that session's grant. */
export type Guarded = {
  store: ObjectStore
  repl: string
  fence: { generation: number }
  /** The guards; others than the real ones to see that they are missed. */
  guards?: { verify?: Verify; fence?: Fence }
}
export type ObjectsDoorUnderExam = {
  url: string
  commits: Commits
  /** What overtaken sessions parked. */
  parked: (Parked & { generation: number })[]
  close(): void
}

export async function startObjectsDoor(of: Guarded): Promise<ObjectsDoorUnderExam> {
  const { store, repl } = of
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const fence = of.guards?.fence ?? realFence
  const newest = async () => of.fence.generation
  const commits = commitsIn({ store, newest, fence, verify: of.guards?.verify ?? realVerify })
  const parked: ObjectsDoorUnderExam['parked'] = []

  const grantOf = (grant: string) => {
    const parts = /^(grant|orphans)-(\d+)$/.exec(grant)
    if (parts === null) throw new AppError('bad-token', { say: 'This grant is not valid.' })
    const only = parts[1] === 'orphans' ? ('orphans' as const) : undefined
    return { repl, generation: Number(parts[2]), only }
  }
  const checkGrant = async (grant: string) => {
    const claims = grantOf(grant)
    if (claims.only === undefined) fence(claims, of.fence.generation)
    return claims
  }
  const handIn = {
    checkGrant,
    async commit(grant: { generation: number }, request: { key: string; sha256: string }) {
      const { at } = await commits.advance({ repl, generation: grant.generation, ...request }, Date.now())
      return { at }
    },
    park: async (grant: string) => `orphans-${grantOf(grant).generation}`,
    async parked(grant: { generation: number }, what: Parked) {
      parked.push({ generation: grant.generation, ...what })
    },
  }
  app.use(objectsDoor({ store, secret: randomBytes(32), baseUrl: url, now: () => Date.now(), ...handIn }))
  return {
    url,
    commits,
    parked,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
