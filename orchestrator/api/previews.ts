// Routes of previews: where one is seen, who may see it, and what a session's runner asks. What follows is previews.ts.
import { type Request, Router } from 'express'
import { AskPreview, ShowPreview } from '../../protocol/preview.ts'
import type { Person } from '../../protocol/repl.ts'
import type { Previews } from '../previews.ts'
import { answering } from './door.ts'

export function previewRoutes(previews: Previews, who: (req: Request) => Promise<Person>): Router {
  const router = Router()
  const idOf = (req: Request) => req.params['repl'] ?? ''
  router.post(
    '/v1/repls/:repl/previews',
    answering(async (req) => ({
      preview: await previews.ask(await who(req), idOf(req), AskPreview.parse(req.body)),
    })),
  )
  router.patch(
    '/v1/repls/:repl/previews',
    answering(async (req) => ({
      preview: await previews.show(await who(req), idOf(req), ShowPreview.parse(req.body)),
    })),
  )
  return router
}

/** Runners know no service secret: they sign with their session's key. */
export function sessionRoutes(previews: Previews): Router {
  const router = Router()
  router.get(
    '/v1/sessions/:repl/previews',
    answering(async (req) => {
      const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? ''
      return { rules: await previews.rules(req.params['repl'] ?? '', token) }
    }),
  )
  return router
}
