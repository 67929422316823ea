// Puts a runner together: memory, documents, link and doors, and takes it apart again in order. Decides nothing itself.
import { rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { pino, type Logger } from 'pino'
import type { RunnerHealth, RunnerLaunch } from '../protocol/control.ts'
import { AppError } from '../protocol/errors.ts'
import { checkTokens } from './access.ts'
import { privateFolder } from './disk.ts'
import { systemClock, type Clock } from './documents/clock.ts'
import { createDoors } from './doors/http.ts'
import { Link } from './doors/link.ts'
import { openLive } from './doors/live.ts'
import { checkOrigins } from './doors/origins.ts'
import { readIdentity } from './identity.ts'
import { Lifecycle } from './lifecycle.ts'
import { openMemory } from './memory.ts'
import { confine } from './workspace/confine.ts'
import { filesOf } from './workspace/files.ts'

export type Runner = { close(): Promise<void>; health(): RunnerHealth }

export async function startRunner(
  launch: RunnerLaunch,
  options: { logger?: Logger; clock?: Clock } = {},
): Promise<Runner> {
  const logger = options.logger ?? pino({ level: 'silent' })
  const clock = options.clock ?? systemClock
  const confined = confine(launch.workspace)
  const { log, documents } = await openMemory(launch, { files: filesOf(confined), clock, logger })
  const identity = readIdentity(launch)
  const link = new Link({ launch, identity, documents, log, clock, logger })
  log.listen({ trouble: (why) => (why === null ? link.thaw('disk') : void link.freeze('disk', why)) })
  const terminals = { endAll: async () => undefined, close: async () => undefined, boxReady: () => false }
  const watcher = { sweep: async () => undefined, close: async () => undefined }
  const lifecycle = new Lifecycle({ link, documents, terminals, watcher, logger })
  const health = (): RunnerHealth => ({
    protocol: launch.protocol,
    build: launch.build,
    repl: launch.repl,
    generation: launch.generation,
    joined: link.ready && terminals.boxReady(),
    boxReady: terminals.boxReady(),
    linkReady: link.ready,
    seq: log.seq,
  })
  const tokens = checkTokens(launch)
  const origins = checkOrigins(launch.origins)
  const stopping = (): boolean => lifecycle.stopping
  const control = {
    tokens,
    health,
    quiesce: (say: string) => lifecycle.quiesce(say),
    resume: () => lifecycle.resume(),
  }
  const files = async (): Promise<void> => {
    throw new AppError('not-found', { say: 'There is no such door.' })
  }
  const server = createDoors({
    repl: launch.repl,
    tokens,
    origins,
    identity,
    control,
    files,
    stopping,
    logger,
  })
  const live = openLive(server, { repl: launch.repl, tokens, origins, clock, stopping, logger })
  await listen(server, launch.socket)
  logger.info({ generation: launch.generation, level: launch.level }, 'the runner listens')
  return {
    health,
    close: async () => {
      await live.close()
      await closed(server)
      await link.close()
      await terminals.close()
      await watcher.close()
      await documents.putAway()
      await documents.close()
      await log.close()
    },
  }
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
}

function closed(server: Server): Promise<void> {
  const done = new Promise<void>((end) => server.close(() => end()))
  server.closeAllConnections()
  return done
}
