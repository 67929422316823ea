// The orchestrator's HTTP API: parses, asks the core, answers. Every path and shape is described in protocol/repl.ts.
import express, { Router, type Express } from 'express'
import type { Logger } from 'pino'
import type { JWK } from 'jose'
import { AppError } from '../../protocol/errors.ts'
import {
  AcceptInvite,
  ConsumeLink,
  CreateInvite,
  CreateRepl,
  RenameRepl,
  type Use,
} from '../../protocol/repl.ts'
import type { Invites } from '../access/invites.ts'
import type { People } from '../access/people.ts'
import type { Previews } from '../previews.ts'
import type { Progress } from '../progress.ts'
import type { Repls } from '../repls.ts'
import type { Templates } from '../templates.ts'
import type { Downloads } from '../downloads.ts'
import type { KeptParts } from '../kept.ts'
import { answerFailures, answering, maybePersonOf, onlyOurApp, personOf } from './door.ts'
import { downloadRoutes } from './downloads.ts'
import { keptRoutes } from './kept.ts'
import { previewRoutes, sessionRoutes } from './previews.ts'
import { streamProgress } from './progress-stream.ts'

/** The largest body here is a name. */
const bodyBytes = 16 * 1024

export type ApiParts = {
  secret: string
  published: { keys: JWK[] }
  people: People
  invites: Invites
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
  app.use(onlyOurApp(parts.secret), express.json({ limit: bodyBytes }))
  app.use(peopleRoutes(parts), replRoutes(parts), inviteRoutes(parts))
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

function peopleRoutes({ people, templates }: ApiParts): Router {
  const router = Router()
  router.post(
    '/v1/links',
    answering(() => people.newLink()),
  )
  router.post(
    '/v1/links/consume',
    answering(async (req) => ({ person: await people.consumeLink(ConsumeLink.parse(req.body).code) })),
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
  for (const verb of ['start', 'stop'] as const)
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
        watchRepl: (tell: Parameters<Repls['watch']>[2]) => repls.watch(person, repl, tell),
      }
      await repls.check(person, repl, 'repl.open')
      await streamProgress(parts, req, res)
    }
    stream().then(undefined, next)
  })
  return router
}

function inviteRoutes({ people, repls, invites }: ApiParts): Router {
  const router = Router()
  router.post(
    '/v1/repls/:repl/invites',
    answering(async (req) => {
      const person = await personOf(people, req)
      const repl = req.params['repl'] ?? ''
      await repls.check(person, repl, 'invite.create')
      const { role } = CreateInvite.parse(req.body)
      return { invite: await invites.make({ repl, role, by: person.id }) }
    }),
  )
  router.get(
    '/v1/invites/:code',
    answering(async (req) => {
      const { repl, role, by, expiresAt } = await invites.find(req.params['code'] ?? '')
      const invitedBy = (await people.find(by)).name
      return { invite: { replName: await repls.nameOf(repl), role, invitedBy, expiresAt } }
    }),
  )
  router.post(
    '/v1/invites/:code/accept',
    answering(async (req) => {
      const { repl, role } = await invites.find(req.params['code'] ?? '')
      const { name } = AcceptInvite.parse(req.body)
      await repls.nameOf(repl)
      const person = (await maybePersonOf(people, req)) ?? (await guestNamed(people, name))
      return { person, repl: await repls.admit(person, repl, role) }
    }),
  )
  return router
}

async function guestNamed(people: People, name: string | undefined) {
  if (name === undefined)
    throw new AppError('bad-input', { say: 'Give a name, so that others see who you are.' })
  return people.makeGuest(name)
}
