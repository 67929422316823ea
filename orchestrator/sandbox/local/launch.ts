// What the runner and the box of a session are told at their start. Builds and parses launch files; starts nothing.
import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { BoxLaunch, RunnerLaunch } from '../../../protocol/control.ts'
import { protocolVersion } from '../../../protocol/hello.ts'
import type { Level } from '../../../protocol/repl.ts'
import type { Session } from '../sandbox.ts'
import type { Egress, Surface } from './cage.ts'

/** What every session on this machine shares. */
export type Surroundings = {
  build: string
  collabUrl: string
  keysUrl: string
  origins: string[]
  /** What of our own environment the person's programs may have: the language and the shell. */
  lang: string
  shell: string
}

/** How the session's programs are kept, and where they find their things. */
type CageOf = { level: Level; path: string; surface: Surface; egress: Egress | null }

/** Environment by which every process of a sandbox is found again, even after it left its parent and session. */
export const markOf = {
  box: (repl: string) => `DEVEX_REPL=${repl}`,
  runner: (repl: string) => `DEVEX_RUNNER_OF=${repl}`,
}

export function runnerLaunch(
  session: Session,
  cage: CageOf,
  shared: Surroundings & { boxSecret: string },
): RunnerLaunch {
  return {
    protocol: protocolVersion,
    build: shared.build,
    repl: session.repl,
    generation: session.generation,
    name: session.name,
    level: cage.level,
    workspace: cage.surface.workspace,
    state: cage.surface.state,
    socket: cage.surface.runnerSocket,
    boxSocket: cage.surface.boxSocket,
    boxSecret: shared.boxSecret,
    collabUrl: shared.collabUrl,
    keysUrl: shared.keysUrl,
    certificate: session.certificate,
    privateKey: session.privateKey,
    run: session.run,
    origins: shared.origins,
    ...(session.access === undefined ? {} : { access: session.access }),
  }
}

export function boxLaunch(
  session: Session,
  cage: CageOf,
  shared: Surroundings & { boxSecret: string },
): BoxLaunch {
  return {
    protocol: protocolVersion,
    build: shared.build,
    repl: session.repl,
    socket: cage.surface.boxSocket,
    ...(cage.level === 'process' ? {} : { listens: true }),
    secret: shared.boxSecret,
    workspace: cage.surface.workspace,
    home: cage.surface.home,
    env: { ...userEnv(session.repl, cage, shared), ...proxyEnv(cage.egress) },
    network: cage.level === 'process' ? 'shared' : 'own',
    ...(cage.egress === null ? {} : { egress: cage.egress }),
  }
}

/** As the tools of this world look for it, in both spellings. */
function proxyEnv(egress: Egress | null): Record<string, string> {
  if (egress === null) return {}
  const proxy = `http://127.0.0.1:${egress.port}`
  const named = { http_proxy: proxy, https_proxy: proxy, no_proxy: 'localhost,127.0.0.1,::1' }
  return {
    ...named,
    ...Object.fromEntries(Object.entries(named).map(([name, value]) => [name.toUpperCase(), value])),
  }
}

/** An allow-list: nothing of our own environment but where programs are ever reaches a person's programs. */
function userEnv(repl: string, cage: CageOf, shared: Surroundings): Record<string, string> {
  return {
    PATH: cage.path,
    HOME: cage.surface.home,
    LANG: shared.lang,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    SHELL: shared.shell,
    DEVEX_REPL: repl,
  }
}

export type Wanted = { generation: number; level: Level; surroundings: Surroundings }

/** True when a runner that was started so serves this generation at our level and at our present addresses. */
export function stillFits(
  launch: RunnerLaunch,
  { generation, level, surroundings: shared }: Wanted,
): boolean {
  return (
    launch.generation === generation &&
    launch.level === level &&
    launch.collabUrl === shared.collabUrl &&
    launch.keysUrl === shared.keysUrl &&
    launch.origins.join() === shared.origins.join()
  )
}

/** A launch file as it was written, or null when it is not there or not whole. */
export async function readLaunch<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return null
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
