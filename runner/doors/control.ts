// The control door: the orchestrator asks how we are, stops the session in order, calls the stop off, tells of changed roles.
// What a stop does is lifecycle.ts.
import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import type { AccessChange } from '../../protocol/access.ts'
import {
  Certify,
  keptBytes,
  Quiesce,
  TellAccess,
  type Quiesced,
  type RunnerHealth,
} from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import type { TookKept } from '../../protocol/repl.ts'
import type { Tokens } from '../access.ts'
import { bearerOf, readBytes, readJson } from './requests.ts'

/** A frame's header, amply. */
const headerBytes = 1024

export type ControlDeps = {
  tokens: Tokens
  health: () => RunnerHealth
  quiesce: (say: string) => Promise<z.infer<typeof Quiesced>>
  resume: () => void
  /** Takes a frame of KeptWork. */
  takeKept: (frame: Uint8Array) => Promise<TookKept>
  /** Holds for everybody connected when it returns. */
  access: (changes: AccessChange[]) => void
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
  if (asked === 'POST kept') return deps.takeKept(await readBytes(request, keptBytes + headerBytes))
  if (asked === 'POST access') {
    deps.access(TellAccess.parse(await readJson(request)).changes)
    return {}
  }
  if (asked === 'POST certify') {
    deps.certify(Certify.parse(await readJson(request)).certificate)
    return {}
  }
  throw new AppError('not-found', { say: 'There is no such door.' })
}
