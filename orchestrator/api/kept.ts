// The route that brings in what an overtaken session left. What is in it, and who may ask, is kept.ts of the core.
import { type Request, Router } from 'express'
import type { Person } from '../../protocol/repl.ts'
import { takeKept, type KeptParts } from '../kept.ts'
import { answering } from './door.ts'

export function keptRoutes(parts: KeptParts, who: (req: Request) => Promise<Person>): Router {
  const router = Router()
  router.post(
    '/v1/repls/:repl/orphans/:id/take',
    answering(async (req) => {
      const { repl = '', id = '' } = req.params
      return { took: await takeKept(parts, await who(req), { repl, orphan: id }) }
    }),
  )
  return router
}
