// Test part: an orchestrator's API that keeps everything in memory and moves sessions only when the test says so. Never shipped.
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express, type Request, type Response } from 'express'
import { can, neededToStart, type Action, type Role } from '../../protocol/access.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { newCode, newPersonId, newReplId } from '../../protocol/ids.ts'
import { AskPreview } from '../../protocol/preview.ts'
import {
  AcceptInvite,
  ConsumeLink,
  CreateInvite,
  CreateRepl,
  RenameRepl,
  type Doors,
  type Invite,
  type Person,
  type ProgressEvent,
  type Repl,
  type Step,
  type Template,
} from '../../protocol/repl.ts'

const tombstoneMs = 7 * 24 * 3600_000
const random = (n: number): Uint8Array => randomBytes(n)

interface HeldRepl {
  repl: Omit<Repl, 'role' | 'ownerName'>
  owner: string
  members: Map<string, Role>
  events: ProgressEvent[]
  watchers: Set<Response>
}

export const templates: Template[] = [
  {
    id: 'node',
    title: 'Node.js',
    description: 'A JavaScript program on Node.js.',
    run: 'node index.js',
    open: ['index.js'],
    image: 'x',
  },
  {
    id: 'python',
    title: 'Python',
    description: 'A Python 3 program with one file.',
    run: 'python3 main.py',
    open: ['main.py'],
    image: 'x',
  },
]

/** What a test does to the world behind the API. */
export interface FakeApi {
  url: string
  secret: string
  /** Everything that was asked, oldest first: `POST /v1/repls as <person>`. */
  asked: string[]
  newPerson(name: string, admin?: boolean): Person
  /** A good one-time link of this person. */
  newLink(person: Person): string
  newRepl(owner: Person, name: string, change?: Partial<Repl>): Repl
  newInvite(repl: Repl, role: 'editor' | 'viewer'): Invite
  repl(id: string): Repl
  zip: { given: number; readers: number; isThere: boolean }
  /** Every repl as its owner sees it. */
  repls(): Repl[]
  /** Changes a repl and tells who watches. */
  change(id: string, change: Partial<Repl>): void
  /** Tells one step of progress. */
  step(id: string, step: Step, state: ProgressEvent['state'], say: string): void
  /** From now on every answer is this failure; null ends it. */
  failWith(error: AppError | null): void
  /** Ends every open progress stream, as a restart would. */
  dropStreams(): void
  close(): Promise<void>
}

class World {
  readonly people = new Map<string, Person>()
  readonly links = new Map<string, { person: Person; used: boolean }>()
  readonly repls = new Map<string, HeldRepl>()
  readonly invites = new Map<string, Invite>()
  failure: AppError | null = null
  /** The endless zip that everybody gets while it is there: bytes given, and who still reads. */
  readonly zip = { given: 0, readers: 0, isThere: true }

  held(id: string): HeldRepl {
    const held = this.repls.get(id)
    if (!held)
      throw new AppError('not-found', { say: 'There is no such REPL, or it is not shared with you.' })
    return held
  }

  seenBy(held: HeldRepl, person: string): Repl {
    const role = held.members.get(person)
    if (!role)
      throw new AppError('not-found', { say: 'There is no such REPL, or it is not shared with you.' })
    const ends = held.repl.phase === 'DELETED' ? { goneAt: held.repl.changedAt + tombstoneMs } : {}
    return { ...held.repl, ...ends, role, ownerName: this.people.get(held.owner)?.name ?? 'Nobody' }
  }

  allowed(id: string, person: string, action: Action): HeldRepl {
    const held = this.held(id)
    const { role, name } = this.seenBy(held, person)
    if (!can(role, action)) throw new AppError('forbidden', { say: `A ${role} cannot do this to ${name}.` })
    return held
  }

  tell(held: HeldRepl): void {
    const repl = this.seenBy(held, held.owner)
    for (const out of held.watchers) out.write(`event: repl\ndata: ${JSON.stringify(repl)}\n\n`)
  }

  step(held: HeldRepl, event: Omit<ProgressEvent, 'id' | 'at' | 'generation'>): void {
    const full: ProgressEvent = {
      id: held.events.length + 1,
      at: Date.now(),
      generation: held.repl.generation,
      ...event,
    }
    held.events.push(full)
    for (const out of held.watchers) out.write(`id: ${full.id}\ndata: ${JSON.stringify(full)}\n\n`)
  }

  make(owner: Person, body: { name: string; template: string }): HeldRepl {
    const now = Date.now()
    const held: HeldRepl = {
      repl: {
        id: newReplId(random),
        name: body.name,
        template: body.template,
        phase: 'CREATED',
        desired: 'stopped',
        generation: 0,
        reason: null,
        level: null,
        createdAt: now,
        changedAt: now,
        committedAt: null,
      },
      owner: owner.id,
      members: new Map([[owner.id, 'owner']]),
      events: [],
      watchers: new Set(),
    }
    this.repls.set(held.repl.id, held)
    return held
  }
}

function asker(req: Request): string {
  const id = req.header('x-devex-person')
  if (id === undefined) throw new AppError('not-signed-in', { say: 'The app named nobody.' })
  return id
}

type Work = (req: Request) => object

function answering(world: World, asked: string[], work: Work): express.RequestHandler {
  return (req, res) => {
    asked.push(`${req.method} ${req.path} as ${req.header('x-devex-person') ?? 'nobody'}`)
    try {
      if (world.failure) throw world.failure
      res.json(work(req))
    } catch (thrown) {
      const error = asAppError(thrown)
      res.status(error.status).json({ error: error.toWire() })
    }
  }
}

function addPeople(world: World, app: Express, on: (work: Work) => express.RequestHandler): void {
  app.post(
    '/v1/links/consume',
    on((req) => {
      const link = world.links.get(ConsumeLink.parse(req.body).code)
      if (!link) throw new AppError('not-found', { say: 'This link does not exist.' })
      if (link.used)
        throw new AppError('link-used', { say: 'This link was used at 14:02 and works only once.' })
      link.used = true
      return { person: link.person }
    }),
  )
  app.get(
    '/v1/people/:id',
    on((req) => {
      const person = world.people.get(req.params['id']!)
      if (!person) throw new AppError('not-found', { say: 'Nobody has this id.' })
      return { person }
    }),
  )
  app.get(
    '/v1/templates',
    on(() => ({ templates })),
  )
}

function addRepls(world: World, app: Express, on: (work: Work) => express.RequestHandler): void {
  const seen = (req: Request, held: HeldRepl) => ({ repl: world.seenBy(held, asker(req)) })
  const allowed = (req: Request, action: Action) => world.allowed(req.params['id']!, asker(req), action)
  app.get(
    '/v1/repls',
    on((req) => {
      const mine = [...world.repls.values()].filter(
        ({ members, repl, owner }) =>
          members.has(asker(req)) && (repl.phase !== 'DELETED' || owner === asker(req)),
      )
      return { repls: mine.map((held) => world.seenBy(held, asker(req))) }
    }),
  )
  app.post(
    '/v1/repls',
    on((req) => {
      const body = CreateRepl.parse(req.body)
      if (!templates.some(({ id }) => id === body.template)) {
        throw new AppError('bad-input', { say: `There is no template ${body.template}.` })
      }
      return seen(req, world.make(world.people.get(asker(req))!, body))
    }),
  )
  app.get(
    '/v1/repls/:id',
    on((req) => seen(req, allowed(req, 'repl.open'))),
  )
  const changing = (action: Action, change: (held: HeldRepl, req: Request) => void) =>
    on((req) => {
      const held = allowed(req, action)
      change(held, req)
      held.repl.changedAt = Date.now()
      world.tell(held)
      return seen(req, held)
    })
  app.patch(
    '/v1/repls/:id',
    changing('repl.rename', (held, req) => {
      held.repl.name = RenameRepl.parse(req.body).name
    }),
  )
  app.post(
    '/v1/repls/:id/start',
    changing('repl.start', (held, req) => {
      allowed(req, neededToStart(held.repl))
      Object.assign(held.repl, {
        desired: 'running',
        phase: 'STARTING',
        generation: held.repl.generation + 1,
        reason: null,
      })
    }),
  )
  app.post(
    '/v1/repls/:id/stop',
    changing('repl.stop', (held) => {
      Object.assign(held.repl, { desired: 'stopped', phase: 'QUIESCING' })
    }),
  )
  app.delete(
    '/v1/repls/:id',
    changing('repl.delete', (held) => {
      Object.assign(held.repl, { desired: 'deleted', phase: 'DELETED' })
    }),
  )
  app.post(
    '/v1/repls/:id/undelete',
    changing('repl.delete', (held) => {
      Object.assign(held.repl, { desired: 'stopped', phase: 'STOPPED' })
    }),
  )
  app.post(
    '/v1/repls/:id/orphans/:orphan/take',
    on((req) => {
      delete allowed(req, 'file.write').repl.orphans
      return { took: { edits: 3, files: 0, beside: 1 } }
    }),
  )
  app.post(
    '/v1/repls/:id/doors',
    on((req) => ({ doors: doorsOf(world, allowed(req, 'repl.open'), asker(req)) })),
  )
}

function doorsOf(world: World, held: HeldRepl, person: string): Doors {
  const { id, phase, generation, name } = held.repl
  if (phase !== 'RUNNING') throw new AppError('not-running', { say: `${name} does not run. Start it first.` })
  return {
    repl: id,
    generation,
    collab: 'ws://127.0.0.1:1/collab',
    runner: `http://127.0.0.1:1/r/${id}`,
    runnerKey: 'A'.repeat(43),
    level: 'process',
    token: 'x.y.z',
    role: held.members.get(person)!,
    expiresAt: Date.now() + 600_000,
    person: world.people.get(person)!,
  }
}

/** The address that it answers tells what was asked: `wish`, as JSON. */
function addPreviews(world: World, app: Express, on: (work: Work) => express.RequestHandler): void {
  app.post(
    '/v1/repls/:id/previews',
    on((req) => {
      const held = world.allowed(req.params['id']!, asker(req), 'preview.see')
      const wish = AskPreview.parse(req.body)
      const origin = `http://${held.repl.name}-abcdef--${wish.port}.localhost:7070`
      const url = `${origin}/__devex/enter?${new URLSearchParams({ wish: JSON.stringify(wish) })}`
      return { preview: { port: wish.port, origin, url, visibility: 'members' } }
    }),
  )
}

function addInvites(world: World, app: Express, on: (work: Work) => express.RequestHandler): void {
  const find = (req: Request): Invite => {
    const invite = world.invites.get(req.params['code']!)
    if (!invite)
      throw new AppError('not-found', { say: 'This invite does not exist or has ended. Ask for a new link.' })
    return invite
  }
  app.post(
    '/v1/repls/:id/invites',
    on((req) => {
      const held = world.allowed(req.params['id']!, asker(req), 'invite.create')
      return { invite: newInvite(world, held.repl.id, CreateInvite.parse(req.body).role) }
    }),
  )
  app.get(
    '/v1/invites/:code',
    on((req) => {
      const { repl, role, expiresAt } = find(req)
      const { name, ownerName } = world.seenBy(world.held(repl), world.held(repl).owner)
      return { invite: { replName: name, role, invitedBy: ownerName, expiresAt } }
    }),
  )
  app.post(
    '/v1/invites/:code/accept',
    on((req) => {
      const { repl, role } = find(req)
      const known = world.people.get(req.header('x-devex-person') ?? '')
      const { name } = AcceptInvite.parse(req.body)
      if (!known && name === undefined) throw new AppError('bad-input', { say: 'Give a name.' })
      const held = world.held(repl)
      const called = name ?? known!.name
      const isTaken = [...held.members.keys()].some((id) => world.people.get(id)?.name === called)
      if (isTaken && !held.members.has(known?.id ?? ''))
        throw new AppError('bad-input', { say: `Somebody is called ${called} already. Choose another name.` })
      const person = known ?? addPerson(world, called, false)
      person.name = called
      if (!held.members.has(person.id)) held.members.set(person.id, role)
      return { person, repl: world.seenBy(held, person.id) }
    }),
  )
}

function addPerson(world: World, name: string, admin: boolean): Person {
  const person = { id: newPersonId(random), name, admin }
  world.people.set(person.id, person)
  return person
}

function newInvite(world: World, repl: string, role: 'editor' | 'viewer'): Invite {
  const invite = {
    code: newCode(random),
    repl,
    role,
    madeBy: 'Ada',
    createdAt: Date.now(),
    expiresAt: Date.now() + 7 * 24 * 3600_000,
    uses: 0,
    most: null,
    revokedAt: null,
  }
  world.invites.set(invite.code, invite)
  return invite
}

function addZip(world: World, app: Express): void {
  const piece = Buffer.alloc(64 * 1024, 1)
  app.get('/v1/repls/:id/zip', (_req, res, next) => {
    if (world.failure || !world.zip.isThere) return next()
    world.zip.readers += 1
    const give = (): void => {
      do world.zip.given += piece.length
      while (res.write(piece))
    }
    res.on('drain', give)
    res.on('close', () => void (world.zip.readers -= 1))
    give()
  })
}

function addProgress(world: World, app: Express): void {
  app.get('/v1/repls/:id/progress', (req, res) => {
    const held = world.repls.get(req.params.id)
    const person = req.header('x-devex-person') ?? ''
    if (!held?.members.has(person)) {
      res
        .status(404)
        .json({ error: { code: 'not-found', say: 'There is no such REPL, or it is not shared with you.' } })
      return
    }
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(`event: repl\ndata: ${JSON.stringify(world.seenBy(held, person))}\n\n`)
    const after = Number(req.header('last-event-id') ?? 0)
    for (const event of held.events.filter(({ id }) => id > after)) {
      res.write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    held.watchers.add(res)
    res.on('close', () => held.watchers.delete(res))
  })
}

function guard(secret: string): express.RequestHandler {
  return (req, res, next) => {
    if (req.header('authorization') === `Bearer ${secret}`) return next()
    res.status(401).json({ error: { code: 'bad-token', say: 'The service secret is wrong.' } })
  }
}

function handle(
  world: World,
  parts: { url: string; secret: string; asked: string[]; server: Server },
): FakeApi {
  const { server, ...rest } = parts
  return {
    ...rest,
    zip: world.zip,
    newPerson: (name, admin = false) => addPerson(world, name, admin),
    newLink: (person) => {
      const code = newCode(random)
      world.links.set(code, { person, used: false })
      return code
    },
    newRepl: (owner, name, change = {}) => {
      const held = world.make(owner, { name, template: change.template ?? 'node' })
      Object.assign(held.repl, change)
      return world.seenBy(held, owner.id)
    },
    newInvite: (repl, role) => newInvite(world, repl.id, role),
    repl: (id) => world.seenBy(world.held(id), world.held(id).owner),
    repls: () => [...world.repls.values()].map((held) => world.seenBy(held, held.owner)),
    change: (id, change) => {
      Object.assign(world.held(id).repl, change)
      world.tell(world.held(id))
    },
    step: (id, step, state, say) =>
      world.step(world.held(id), { step, state, say, ...(state === 'begun' ? {} : { ms: 1200 }) }),
    failWith: (error) => void (world.failure = error),
    dropStreams: () => world.repls.forEach(({ watchers }) => watchers.forEach((out) => out.destroy())),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Listens on a free port of this machine until closed. */
export async function startFakeApi(): Promise<FakeApi> {
  const world = new World()
  const secret = randomBytes(32).toString('hex')
  const asked: string[] = []
  const app = express().use(guard(secret), express.json())
  const on = (work: Work) => answering(world, asked, work)
  addZip(world, app)
  addPeople(world, app, on)
  addRepls(world, app, on)
  addInvites(world, app, on)
  addPreviews(world, app, on)
  addProgress(world, app)
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  const { port } = server.address() as AddressInfo
  return handle(world, { url: `http://127.0.0.1:${port}`, secret, asked, server })
}
