// Keeps the store close behind one running session until its caller leaves, its folders go, or a newer session has begun.
// Two loops: the log every second or so, everything else less often. What their steps do is followed.ts.
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { FollowProgress, FollowRequest } from '../../protocol/control.ts'
import { type AppError, asAppError } from '../../protocol/errors.ts'
import { asDiskFault } from './disk-fault.ts'
import { Followed } from './followed.ts'
import { park } from './park.ts'
import { retryAfter, type Rhythm } from './rhythm.ts'

export type Following = {
  signal: AbortSignal
  told: (progress: FollowProgress) => void
  rhythm: Rhythm
  log: Logger
}

const endedSay = {
  gone: 'The folders of this session are gone.',
  overtaken: 'Another backup of this REPL was committed meanwhile.',
  stale: 'A newer session of this REPL has begun.',
}
type Why = keyof typeof endedSay

/** Resolves when nothing more is to be done for this session; rejects only when `signal` ended it or it could not begin. */
export async function follow(request: FollowRequest, following: Following): Promise<void> {
  const { told, rhythm } = following
  const end = new AbortController()
  const signal = AbortSignal.any([following.signal, end.signal])
  const shipped = ({ key, bytes }: { key: string; bytes: number }) => told({ told: 'shipped', key, bytes })
  const session = await Followed.open(request, { signal, turnMs: rhythm.turnMs, shipped })
  const here = setInterval(() => told({ told: 'here' }), rhythm.hereMs)
  const loops = loopsOf(session, { ...following, signal })
  try {
    const why = await Promise.race(loops)
    if (why === 'stale') told({ told: 'fenced', say: await parkRest(request, session, following) })
    told({ told: 'ended', say: endedSay[why] })
  } finally {
    clearInterval(here)
    end.abort()
    await Promise.allSettled(loops)
  }
}

function parkRest(request: FollowRequest, session: Followed, following: Following): Promise<string> {
  const { committing, isOurs } = session
  return park(request, { ...following, committing, isOurs })
}

function loopsOf(session: Followed, following: Following): Promise<Why>[] {
  const { told, rhythm } = following
  const commit = async () => {
    const done = await session.commitIfDirty()
    if (done !== null) told({ told: 'committed', key: done.key, at: done.at })
  }
  const common = { isOurs: session.isOurs, following, ailing: new Set<Part>(['log', 'files']) }
  return [
    repeat({ ...common, part: 'log', everyMs: rhythm.shipMs, step: () => session.ship() }),
    repeat({ ...common, part: 'files', everyMs: rhythm.commitMs, step: commit }),
  ]
}

type Part = 'log' | 'files'

type Repeating = {
  part: Part
  /** What has not been backed up yet, or could not be when last tried; shared by both loops. */
  ailing: Set<Part>
  everyMs: number
  step: () => Promise<void>
  isOurs: () => boolean
  following: Following
}

/** Takes `step` again and again, `everyMs` apart, later after failures, until something ends the session. */
async function repeat({ part, ailing, everyMs, step, isOurs, following }: Repeating): Promise<Why> {
  const { signal, rhythm } = following
  for (let failures = 0; isOurs();) {
    const fault = await step().then(
      () => null,
      (thrown: unknown) => asAppError(asDiskFault(thrown)),
    )
    signal.throwIfAborted()
    if (!isOurs()) break
    if (fault?.code === 'stale-generation') return 'stale'
    if (fault?.code === 'conflict') return 'overtaken'
    if (fault === null) tellWell(part, ailing, following)
    else tellTrouble(fault, following)
    if (fault !== null) ailing.add(part)
    failures = fault === null ? 0 : failures + 1
    const ms = fault === null ? everyMs : retryAfter(rhythm, failures)
    await wait(ms, undefined, { signal })
  }
  return 'gone'
}

function tellWell(part: Part, ailing: Set<Part>, { told }: Following): void {
  if (ailing.delete(part) && ailing.size === 0) told({ told: 'well' })
}

function tellTrouble(fault: AppError, { told, log }: Following): void {
  log.warn({ code: fault.code, ...fault.log, err: fault.cause ?? fault }, 'a backup was not possible')
  told({ told: 'trouble', say: fault.say })
}
