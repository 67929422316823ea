// The orchestrator's HTTP API: parses, asks the core, answers. Every path and shape is described in protocol/repl.ts.
import express, { Router, type Express } from 'express'
import type { Logger } from 'pino'
import type { JWK } from 'jose'
import { AppError } from '../../protocol/errors.ts'
import { ConsumeLink, CreateRepl, RenameRepl, type Use } from '../../protocol/repl.ts'
import type { Audit } from '../access/audit.ts'
import type { Invites } from '../access/invites.ts'
import type { Members } from '../access/members.ts'
import type { People } from '../access/people.ts'
import type { Previews } from '../previews.ts'
import type { Teller } from '../access/teller.ts'
import type { Progress } from '../progress.ts'
import type { Repls, Watcher } from '../repls.ts'
import type { Templates } from '../templates.ts'
import type { Downloads } from '../downloads.ts'
import type { KeptParts } from '../kept.ts'
import { accessRoutes } from './access-stream.ts'
import { answerFailures, answering, onlyWhoKnows, personOf } from './door.ts'
import { downloadRoutes } from './downloads.ts'
import { keptRoutes } from './kept.ts'
import { memberRoutes } from './members.ts'
import { previewRoutes, sessionRoutes } from './previews.ts'
import { streamProgress } from './progress-stream.ts'

/** The largest body here is a name. */
const bodyBytes = 16 * 1024

export type ApiParts = {
  secret: string
  /** The relays' own, good for one door. */
  relaySecret: string
  published: { keys: JWK[] }
  people: People
  invites: Invites
  members: Members
  teller: Teller
  audit: Audit
  repls: Repls
  progress: Progress
  templates: Templates
  downloads: Downloads
  /** What the repl's sandbox uses; asked for only after the person was let in. */
  use: (repl: string) => Promise<Use | null>
  kept: KeptParts
  previews: Previews
  /** Doors that check their own credentials. */
  objects: Router
  log: Logger
}

export function apiOf(parts: ApiParts): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  app.get('/v1/keys', (_req, res) => res.json(parts.published))
  app.use(parts.objects, sessionRoutes(parts.previews))
  app.use(accessRoutes(parts.teller, parts.relaySecret))
  app.use(
    onlyWhoKnows(parts.secret, 'This door is for the DevEx app only.'),
    express.json({ limit: bodyBytes }),
  )
  app.use(peopleRoutes(parts), replRoutes(parts), memberRoutes(parts))
  const who = (req: express.Request) => personOf(parts.people, req)
  app.use(
    downloadRoutes(parts.downloads, who),
    keptRoutes(parts.kept, who),
    previewRoutes(parts.previews, who),
  )
  app.use((_req, _res, next) => next(new AppError('not-found', { say: 'There is nothing at this address.' })))
  app.use(answerFailures(parts.log))
  return app
}

function peopleRoutes({ people, templates, audit }: ApiParts): Router {
  const router = Router()
  router.post(
    '/v1/links',
    answering(() => people.newLink()),
  )
  router.post(
    '/v1/links/consume',
    answering(async (req) => {
      const person = await people.consumeLink(ConsumeLink.parse(req.body).code)
      await audit.note({ what: 'sign-in', who: person, by: 'owner-link' })
      return { person }
    }),
  )
  router.get(
    '/v1/people/:id',
    answering(async (req) => ({ person: await people.find(req.params['id'] ?? '') })),
  )
  router.get(
    '/v1/templates',
    answering(async () => ({ templates: await templates.list() })),
  )
  return router
}

function replRoutes({ people, repls, progress, use }: ApiParts): Router {
  const router = Router()
  const idOf = (req: express.Request) => req.params['repl'] ?? ''
  const who = (req: express.Request) => personOf(people, req)
  router.get(
    '/v1/repls',
    answering(async (req) => ({ repls: await repls.list(await who(req)) })),
  )
  router.post(
    '/v1/repls',
    answering(async (req) => ({ repl: await repls.create(await who(req), CreateRepl.parse(req.body)) })),
  )
  router.get(
    '/v1/repls/:repl',
    answering(async (req) => ({ repl: await repls.get(await who(req), idOf(req)) })),
  )
  router.patch(
    '/v1/repls/:repl',
    answering(async (req) => ({
      repl: await repls.rename(await who(req), idOf(req), RenameRepl.parse(req.body).name),
    })),
  )
  router.delete(
    '/v1/repls/:repl',
    answering(async (req) => ({ repl: await repls.remove(await who(req), idOf(req)) })),
  )
  for (const verb of ['start', 'stop', 'undelete'] as const)
    router.post(
      `/v1/repls/:repl/${verb}`,
      answering(async (req) => ({ repl: await repls[verb](await who(req), idOf(req)) })),
    )
  router.post(
    '/v1/repls/:repl/doors',
    answering(async (req) => ({ doors: await repls.doors(await who(req), idOf(req)) })),
  )
  router.get(
    '/v1/repls/:repl/use',
    answering(async (req) => {
      await repls.check(await who(req), idOf(req), 'repl.open')
      return { use: await use(idOf(req)) }
    }),
  )
  router.get('/v1/repls/:repl/progress', (req, res, next) => {
    const stream = async () => {
      const person = await who(req)
      const repl = idOf(req)
      const parts = {
        now: () => repls.get(person, repl),
        since: (after: number) => progress.since(repl, after),
        watchEvents: (tell: Parameters<Progress['watch']>[1]) => progress.watch(repl, tell),
        watchRepl: (told: Watcher) => repls.watch(person, repl, told),
      }
      await repls.check(person, repl, 'repl.open')
      await streamProgress(parts, req, res)
    }
    stream().then(undefined, next)
  })
  return router
}
