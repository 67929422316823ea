// What the runner and the box of a session are told at their start. Builds and parses launch files; starts nothing.
import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { BoxLaunch, RunnerLaunch } from '../../../protocol/control.ts'
import { protocolVersion } from '../../../protocol/hello.ts'
import type { Level } from '../../../protocol/repl.ts'
import type { Session } from '../sandbox.ts'
import type { Places } from './places.ts'

/** What every session on this machine shares. */
export type Surroundings = {
  build: string
  level: Level
  collabUrl: string
  keysUrl: string
  origins: string[]
  /** What of our own environment the person's programs may have: where programs are, and the language. */
  path: string
  lang: string
  shell: string
}

/** Environment by which every process of a sandbox is found again, even after it left its parent and session. */
export const markOf = {
  box: (repl: string) => `DEVEX_REPL=${repl}`,
  runner: (repl: string) => `DEVEX_RUNNER_OF=${repl}`,
}

export function runnerLaunch(
  session: Session,
  places: Places,
  shared: Surroundings & { boxSecret: string },
): RunnerLaunch {
  return {
    protocol: protocolVersion,
    build: shared.build,
    repl: session.repl,
    generation: session.generation,
    name: session.name,
    level: shared.level,
    workspace: places.workspace,
    state: places.state,
    socket: places.runnerSocket,
    boxSocket: places.boxSocket,
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
  places: Places,
  shared: Surroundings & { boxSecret: string },
): BoxLaunch {
  return {
    protocol: protocolVersion,
    build: shared.build,
    repl: session.repl,
    socket: places.boxSocket,
    secret: shared.boxSecret,
    workspace: places.workspace,
    home: places.home,
    env: userEnv(session.repl, places, shared),
  }
}

/** An allow-list: nothing of our own environment but where programs are ever reaches a person's programs. */
function userEnv(repl: string, places: Places, shared: Surroundings): Record<string, string> {
  return {
    PATH: shared.path,
    HOME: places.home,
    LANG: shared.lang,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    SHELL: shared.shell,
    DEVEX_REPL: repl,
  }
}

/** True when a runner that was started so serves this generation at our present addresses. */
export function stillFits(launch: RunnerLaunch, generation: number, shared: Surroundings): boolean {
  return (
    launch.generation === generation &&
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
