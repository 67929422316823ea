// The orchestrator as one piece: opens what is durable, adopts what still runs, answers the API, reconciles. Decides nothing here.
import { randomBytes } from 'node:crypto'
import { type RequestListener, type Server, createServer } from 'node:http'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { auditIn } from './access/audit.ts'
import { invitesOver } from './access/invites.ts'
import { openKeys } from './access/keys.ts'
import { Members } from './access/members.ts'
import { peopleOver } from './access/people.ts'
import { sessionKeysIn } from './access/session-keys.ts'
import { Teller } from './access/teller.ts'
import { type Tokens, tokensOf } from './access/tokens.ts'
import { apiOf } from './api/routes.ts'
import { Backups } from './backups.ts'
import { type Clock, realClock } from './clock.ts'
import { Certificates } from './certificates.ts'
import { commitsIn, type Verify } from './commits.ts'
import type { OrchestratorConfig } from './config.ts'
import type { Observed } from './decide.ts'
import { makePrivateFolder } from './disk.ts'
import { Downloads } from './downloads.ts'
import { effectsOf } from './effects.ts'
import { type Fence, fence } from './fence.ts'
import { frontDoorExposure } from './exposure/front-door/exposure.ts'
import { embeddedLedger } from './ledger/embedded/start.ts'
import { handInOf } from './hand-in.ts'
import type { Ledger } from './ledger/ledger.ts'
import { type Table, table } from './ledger/table.ts'
import { objectsDoor } from './objects/door.ts'
import { folderStore } from './objects/folder/start.ts'
import type { ObjectStore } from './objects/object-store.ts'
import { verify } from './objects/verify.ts'
import { Previews } from './previews.ts'
import { progressOver } from './progress.ts'
import { Reconciler } from './reconcile.ts'
import { ReplRecord } from './record.ts'
import { Repls } from './repls.ts'
import { type RunnerControl, runnerControl } from './runner-control.ts'
import { isolationOf } from './sandbox/local/isolation.ts'
import { localSandbox } from './sandbox/local/start.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import { type SessionEnd, sessionEnd } from './session-end.ts'
import { type SyncRequests, syncRequests } from './sync-requests.ts'
import { templatesIn } from './templates.ts'

export type Orchestrator = {
  port: number
  /** Origin of the API. */
  url: string
  sessions: SessionEnd
  /** Lets go of everything; sessions go on and are adopted by the next orchestrator. */
  close(): Promise<void>
}

/** Parts that a test, or another way of running, puts in place of those of one machine. */
export type Replaced = {
  clock?: Clock
  sandbox?: Sandbox
  sync?: SyncRequests
  control?: RunnerControl
  store?: ObjectStore
  /** The two guards of backups; a test takes one away to see that it is missed. */
  verify?: Verify
  fence?: Fence
  log?: Logger
}

export async function startOrchestrator(
  config: OrchestratorConfig,
  replaced: Replaced = {},
): Promise<Orchestrator> {
  const log = replaced.log ?? pino({ level: config.logLevel, base: { process: 'orchestrator' } })
  for (const folder of [config.data, config.run, join(config.data, 'keys')]) await makePrivateFolder(folder)
  const ledger = await embeddedLedger(join(config.data, 'ledger'))
  const server = createServer()
  const open = answerOnceOpen(server)
  try {
    const port = await listen(server, config.port)
    const url = `http://127.0.0.1:${port}`
    const { api, reconcile, backups, sessions, teller, certificates, endWatch } = await assemble({
      config,
      replaced,
      ledger,
      url,
      log,
    })
    await backups.begin()
    open(api)
    const close = async () => {
      endWatch()
      teller.close()
      certificates.close()
      await backups.close()
      await reconcile.close()
      await closeServer(server)
      await ledger.close()
    }
    return { port, url, sessions, close }
  } catch (thrown) {
    await closeServer(server)
    await ledger.close()
    throw thrown
  }
}

type Durable = Awaited<ReturnType<typeof openDurable>>
type Ground = { config: OrchestratorConfig; replaced: Replaced; ledger: Ledger; url: string; log: Logger }

/** Everything between the ledger and the doors. Work begins here: what still runs is adopted before anything is decided. */
async function assemble(ground: Ground) {
  const { config, ledger, url, log } = ground
  const durable = await openDurable(ground)
  const { repls, people, invites, progress, tokens, store, clock } = durable
  const session = sessionParts(ground, durable)
  const { sandbox, exposure, control, templates } = session
  await exposeAgain(repls, sandbox, exposure)
  const forget = async (repl: string) => {
    await invites.forgetRepl(repl)
    await previews.forget(repl)
    await progress.forget(repl)
  }
  const perform = effectsOf({ ...session, repls, tokens, clock, apiUrl: () => url, forget, log })
  const reconcile = new Reconciler({
    repls,
    progress,
    observe: observer(sandbox, control),
    perform,
    clock,
    log,
  })
  const nudge = (repl: string) => reconcile.nudge(repl)
  const core = new Repls({ repls, people, templates, tokens, exposure, clock, nudge })
  const previews = new Previews({
    ledger,
    repls,
    people: core,
    tokens,
    exposure,
    audit: durable.audit,
    clock,
    origins: config.origins,
  })
  await previews.tellAll()
  const signing = { secret: randomBytes(32), baseUrl: url, now: () => clock.now() }
  const handIn = handInOf({ ...session, repls, store, tokens, clock, fence: ground.replaced.fence ?? fence })
  const objects = objectsDoor({ store, ...handIn, ...signing })
  const downloads = new Downloads({ ...session, repls, people: core, store })
  const teller = new Teller({ repls, control, sandbox, clock, log })
  await teller.begin()
  const kept = { ...session, runners: control, repls, people: core, store }
  const use = (repl: string) => sandbox.use(repl)
  const sessionDoors = { objects, downloads, kept, previews, use }
  return {
    api: apiOf({ ...peopleParts(ground, durable, core), ...sessionDoors, teller, progress, templates, log }),
    teller,
    reconcile,
    backups: new Backups({ ...session, repls, tokens, clock, apiUrl: () => url, log }),
    sessions: sessionEnd({ repls, sandbox, nudge, halt: () => reconcile.halt() }),
    certificates: new Certificates({ ...session, repls, tokens, clock, log }),
    endWatch: sandbox.watch(nudge),
  }
}

/** Who people are and what they may, for the API. */
function peopleParts({ config }: Ground, durable: Durable, core: Repls) {
  const { repls, people, invites, clock, audit, keys } = durable
  const check = core.check.bind(core)
  return {
    secret: config.serviceSecret,
    relaySecret: config.relaySecret,
    published: keys.published,
    people,
    invites,
    audit,
    repls: core,
    members: new Members({ repls, people, audit, check, now: () => clock.now() }),
  }
}

/** What is kept: records, keys, objects. */
async function openDurable({ config, replaced, ledger, log }: Ground) {
  const clock = replaced.clock ?? realClock
  const now = () => clock.now()
  const keys = await openKeys(join(config.data, 'keys', 'tokens.json'))
  return {
    clock,
    keys,
    tokens: tokensOf(keys, now),
    store: replaced.store ?? (await folderStore(join(config.data, 'objects'))),
    repls: table(ledger, 'repls/', ReplRecord),
    people: peopleOver(ledger, { now, ownerName: config.ownerName }),
    invites: invitesOver(ledger, now),
    audit: auditIn(join(config.data, 'audit.log'), { now, log }),
    progress: progressOver(ledger),
  }
}

/** What a session is made with; a test, or a cluster, puts others in their place. */
function sessionParts(
  ground: Ground,
  durable: { tokens: Tokens; store: ObjectStore; repls: Table<ReplRecord> },
) {
  const { config, replaced, url, log } = ground
  const { store, repls } = durable
  const newest = async (repl: string) => (await repls.get(repl))?.value.generation ?? 0
  return {
    sandbox: replaced.sandbox ?? localSandboxOf(config, url, log),
    exposure: frontDoorExposure({ ...config, routesFile: config.routes }),
    control: replaced.control ?? runnerControl(durable.tokens),
    sync: replaced.sync ?? syncRequests(config.sync),
    commits: commitsIn({ store, newest, verify: replaced.verify ?? verify, fence: replaced.fence ?? fence }),
    templates: templatesIn(config.templates),
    sessionKeys: sessionKeysIn(join(config.data, 'keys', 'sessions')),
  }
}

function localSandboxOf(config: OrchestratorConfig, url: string, log: Logger): Sandbox {
  const { build, collabUrl, origins, system, data, run, programs } = config
  const { path, lang, shell } = system
  const surroundings = { build, collabUrl, keysUrl: `${url}/v1/keys`, origins, lang, shell }
  const isolation = isolationOf({ data, run, programs, path }, config.isolation)
  return localSandbox({ data, run, ...isolation, surroundings, log })
}

/** What still runs stays reachable, even when the table of routes was lost with the run folder. */
async function exposeAgain(
  repls: Table<ReplRecord>,
  sandbox: Sandbox,
  exposure: { expose(repl: string, target: { socket: string }): Promise<void> },
): Promise<void> {
  for (const { value } of await repls.list()) {
    const facts = value.unflushed
      ? await sandbox.observe({ repl: value.id, generation: value.generation })
      : null
    if (facts?.runner === true) await exposure.expose(value.id, sandbox.door(value.id))
  }
}

function observer(sandbox: Sandbox, control: RunnerControl) {
  return async (record: ReplRecord): Promise<Observed> => {
    const session = { repl: record.id, generation: record.generation }
    const facts = await sandbox.observe(session)
    const isUp = record.phase === 'RUNNING' || record.phase === 'DEGRADED'
    const health = isUp && facts.runner ? await control.health(session, sandbox.door(record.id)) : null
    return { ...facts, health }
  }
}

/** Our port has to be known before there is an API: who asks meanwhile waits for the answer, and is not passed over. */
function answerOnceOpen(server: Server): (api: RequestListener) => void {
  let open: (api: RequestListener) => void = () => {}
  const opened = new Promise<RequestListener>((resolve) => (open = resolve))
  server.on('request', (request, response) => void opened.then((api) => api(request, response)))
  return open
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      done(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done())
    server.closeAllConnections()
  })
}
