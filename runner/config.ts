// What a runner is told at its start: the launch file that is its only argument, and how much to log.
import { readFileSync, writeSync } from 'node:fs'
import { pino, type Logger } from 'pino'
import { z } from 'zod'
import { RunnerLaunch } from '../protocol/control.ts'
import { logLines } from '../protocol/log-lines.ts'

const Env = z.object({ DEVEX_LOG: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info') })

/** Throws in words an operator understands. */
export function readConfig(argv: string[], env: NodeJS.ProcessEnv): { launch: RunnerLaunch; logger: Logger } {
  const path = argv[2]
  if (path === undefined) throw new Error('A runner is started with the path of its launch file.')
  const launch = RunnerLaunch.parse(JSON.parse(readFileSync(path, 'utf8')))
  const { DEVEX_LOG } = Env.parse(env)
  const base = { room: 'runner', repl: launch.repl }
  return {
    launch,
    logger: pino(
      { level: DEVEX_LOG, base },
      logLines((bytes) => writeSync(1, bytes)),
    ),
  }
}
