// The control door: the orchestrator asks how we are, stops the session in order, or calls the stop off.
// What a stop does is lifecycle.ts.
import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { Certify, Quiesce, type Quiesced, type RunnerHealth } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import type { Tokens } from '../access.ts'
import { bearerOf, readJson } from './requests.ts'

export type ControlDeps = {
  tokens: Tokens
  health: () => RunnerHealth
  quiesce: (say: string) => Promise<z.infer<typeof Quiesced>>
  resume: () => void
  certify: (certificate: string) => void
}

/** `path` is what follows `/r/<repl>/control/`; gives the body of the answer. */
export async function controlDoor(
  deps: ControlDeps,
  request: IncomingMessage,
  path: string,
): Promise<unknown> {
  await deps.tokens.control(bearerOf(request))
  const asked = `${request.method} ${path}`
  if (asked === 'GET health') return deps.health()
  if (asked === 'POST quiesce') return deps.quiesce(Quiesce.parse(await readJson(request)).say)
  if (asked === 'POST resume') {
    deps.resume()
    return {}
  }
  if (asked === 'POST certify') {
    deps.certify(Certify.parse(await readJson(request)).certificate)
    return {}
  }
  throw new AppError('not-found', { say: 'There is no such door.' })
}
