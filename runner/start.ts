// Puts a runner together, from its launch to its listening socket, and takes it apart again in order. Decides nothing.
import { existsSync } from 'node:fs'
import { chmod, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import { pino, type Logger } from 'pino'
import type { AccessChange } from '../protocol/access.ts'
import { diskFullMarkOf, type RunnerHealth, type RunnerLaunch } from '../protocol/control.ts'
import { previewSocketOf } from '../protocol/preview.ts'
import { checkTokens, Standing, type Tokens } from './access.ts'
import { openCore, type Core } from './core.ts'
import { privateFolder, systemDisk } from './disk.ts'
import { systemClock, type Clock } from './documents/clock.ts'
import type { Disk } from './durable.ts'
import { Changes } from './doors/changes.ts'
import type { ControlDeps } from './doors/control.ts'
import { filesDoor } from './doors/files.ts'
import { createDoors } from './doors/http.ts'
import { openLive } from './doors/live.ts'
import { checkOrigins } from './doors/origins.ts'
import { portsDoor } from './doors/ports.ts'
import { BoxPortsWatch, dialPort } from './doors/ports-box.ts'
import { createPreviewDoor } from './doors/preview/door.ts'
import { previewLogin } from './doors/preview/login.ts'
import { askedRules } from './doors/preview/rules.ts'
import { searchDoor } from './doors/search.ts'
import { startTerminals } from './doors/terminal.ts'
import { treeDoor } from './doors/tree.ts'
import { readIdentity, type Identity } from './identity.ts'
import { takeKeptWork } from './kept.ts'
import { Lifecycle } from './lifecycle.ts'
import { keptKeyboards, type KeptKeyboards } from './terminals/kept-keyboards.ts'
import type { Terminals } from './terminals/terminals.ts'

export type Runner = { close(): Promise<void>; health(): RunnerHealth }
type Start = { launch: RunnerLaunch; identity: Identity; clock: Clock; logger: Logger; disk?: Disk }
/** `disk`: where our own bytes are kept, for tests that let it fail. */
export type RunnerOptions = { logger?: Logger; clock?: Clock; disk?: Disk }

export async function startRunner(launch: RunnerLaunch, options: RunnerOptions = {}): Promise<Runner> {
  const { logger = pino({ level: 'silent' }), clock = systemClock } = options
  const start = { ...options, launch, identity: readIdentity(launch), clock, logger }
  const core = await openCore(start)
  await core.documents.catchUp()
  const doors = await openDoors(start, core)
  await listen(doors.server, launch.socket)
  await listen(doors.previews, previewSocketOf(launch.socket))
  logger.info({ generation: launch.generation, level: launch.level }, 'the runner listens')
  return {
    health: doors.health,
    close: async () => {
      await doors.close()
      await core.close()
    },
  }
}

async function openDoors(
  start: Start,
  core: Core,
): Promise<{ server: Server; previews: Server; health: () => RunnerHealth; close(): Promise<void> }> {
  const { launch, identity, clock, logger } = start
  const changes = new Changes()
  const programs = { endAll: () => terminals.endAll(), boxGone: () => terminals.boxGone() }
  const lifecycle = new Lifecycle({ ...core, terminals: programs, changes, logger })
  const standing = new Standing(launch.access)
  const shared = {
    repl: launch.repl,
    standing,
    tokens: checkTokens(launch, standing),
    origins: checkOrigins(launch.origins),
    stopping: () => lifecycle.stopping,
    clock,
    logger,
  }
  const health = (): RunnerHealth => healthOf(launch, core, terminals)
  const tell = (change: AccessChange): void => {
    for (const door of [live, terminals]) door.changed(change)
  }
  const control = {
    ...controlOf(start, core, { lifecycle, changes, standing, tell }),
    tokens: shared.tokens,
    health,
  }
  const { confined, documents, tree } = core
  const workspace = { confined, documents, stopping: shared.stopping, changes, log: logger }
  const fullMark = diskFullMarkOf(launch.socket)
  const files = filesDoor({ ...workspace, isFull: () => existsSync(fullMark) })
  const search = searchDoor({ confined, documents, tree })
  const server = createDoors({ ...shared, identity, control, files, search })
  const live = openLive(server, shared)
  treeDoor({ ...workspace, namespace: live.tree, tree })
  const terminals = await startTerminals({
    namespace: live.terminal,
    stopping: shared.stopping,
    boxSocket: launch.boxSocket,
    boxSecret: launch.boxSecret,
    run: launch.run,
    materialise: (why) => documents.materialise(why),
    log: logger,
    build: launch.build,
    clock,
    keyboards: await keyboardsOf(start),
  })
  const { previews, watch } = openPreviews(start, shared.tokens)
  portsDoor(live.ports, watch)
  const close = async (): Promise<void> => {
    await live.close()
    watch.close()
    await Promise.all([closed(server), closed(previews)])
    await terminals.close()
  }
  return { server, previews, health, close }
}

/** Beside the log, not in it: of another life than a document's. */
function keyboardsOf({ launch, disk = systemDisk, logger }: Start): Promise<KeptKeyboards> {
  const place = {
    path: join(launch.state, 'keyboards.json'),
    generation: launch.generation,
    disk,
    log: logger,
  }
  return keptKeyboards(place, launch.access ?? [])
}

/** What the orchestrator may ask for. */
function controlOf(
  { identity, logger }: Start,
  core: Core,
  of: { lifecycle: Lifecycle; changes: Changes; standing: Standing; tell: (change: AccessChange) => void },
): Omit<ControlDeps, 'tokens' | 'health'> {
  const { lifecycle, changes, standing, tell } = of
  return {
    quiesce: (say) => lifecycle.quiesce(say),
    resume: () => lifecycle.resume(),
    takeKept: (frame) =>
      changes.run(() => takeKeptWork({ ...core, stopping: () => lifecycle.stopping }, frame)),
    access: (told) => {
      for (const change of standing.take(told)) {
        logger.info({ person: change.person, role: change.role }, 'a role has changed')
        tell(change)
      }
    },
    certify: (certificate) => void (identity.certificate = certificate),
  }
}

/** What of the person's programs is seen from outside: their ports, and the pages behind them. */
function openPreviews(
  { launch, clock, logger }: Start,
  tokens: Tokens,
): { previews: Server; watch: BoxPortsWatch } {
  const previews = createPreviewDoor({
    repl: launch.repl,
    origins: launch.origins,
    login: previewLogin(launch, clock),
    rules: askedRules(launch, logger, clock),
    checkTicket: (ticket) => tokens.ticket(ticket),
    dial: (port) => dialPort(launch, port),
    logger,
  })
  return { previews, watch: new BoxPortsWatch(launch, logger) }
}

function healthOf(launch: RunnerLaunch, core: Core, terminals: Terminals): RunnerHealth {
  const { protocol, build, repl, generation } = launch
  const [linkReady, boxReady] = [core.link.ready, terminals.boxReady()]
  const joined = linkReady && boxReady
  const alarm = core.log.damage ?? core.log.trouble
  const health = { protocol, build, repl, generation, joined, boxReady, linkReady, seq: core.log.seq }
  return alarm === null ? health : { ...health, alarm }
}

/** A runner that was killed leaves its socket's name behind. */
async function listen(server: Server, socket: string): Promise<void> {
  await privateFolder(dirname(socket))
  await rm(socket, { force: true })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(socket, () => {
      server.off('error', failed)
      listening()
    })
  })
  await chmod(socket, 0o600)
}

function closed(server: Server): Promise<void> {
  const done = new Promise<void>((end) => server.close(() => end()))
  server.closeAllConnections()
  return done
}
