// Brings every repl to what is wanted of it: looks, decides, writes, acts, and again. One worker a repl; decides nothing itself.
import type { Logger } from 'pino'
import type { Step } from '../protocol/repl.ts'
import { asAppError } from '../protocol/errors.ts'
import { failed, succeeded } from './advance.ts'
import type { Clock } from './clock.ts'
import { type Action, decide, type Effect, type Observed } from './decide.ts'
import type { Done } from './effects.ts'
import { isConflict, type Row, type Table } from './ledger/table.ts'
import type { Progress } from './progress.ts'
import type { Patch, ReplRecord } from './record.ts'
import { seconds, tellingOf } from './words.ts'

/** Every repl is looked at this often, whatever was or was not heard. */
const sweepMs = 15_000
/** While something is amiss it is looked at this often, because nothing tells us when a link or a terminal is back. */
const amissMs = 250
/** After a fault of our own (a ledger that cannot write) a repl is looked at again after this. */
const faultMs = 1_000

export type ReconcileParts = {
  repls: Table<ReplRecord>
  progress: Progress
  observe: (record: ReplRecord) => Promise<Observed>
  perform: (effect: Effect, record: ReplRecord) => Promise<Done>
  clock: Clock
  log: Logger
}

export type Reconciler = {
  /** Look at this repl now, or as soon as the present action ends. */
  nudge(repl: string): void
  /** Resolves when no repl is being worked on. */
  idle(): Promise<void>
  /** Begins nothing new from now on. */
  halt(): void
  /** As `halt`, and waits for the actions that run. */
  close(): Promise<void>
}

export function reconciler(parts: ReconcileParts): Reconciler {
  const working = new Map<string, { again: boolean; done: Promise<void> }>()
  const wakes = new Map<string, () => void>()
  const { clock, log } = parts
  const loop = { isClosed: false }

  function nudge(repl: string): void {
    if (loop.isClosed) return
    const present = working.get(repl)
    if (present !== undefined) {
      present.again = true
      return
    }
    const work = { again: false, done: Promise.resolve() }
    working.set(repl, work)
    work.done = untilQuiet(repl, work)
  }

  async function untilQuiet(repl: string, work: { again: boolean }): Promise<void> {
    wakes.get(repl)?.()
    wakes.delete(repl)
    do {
      work.again = false
      while (!loop.isClosed && (await oneLook(repl).catch((thrown: unknown) => faultOfOurs(repl, thrown))));
    } while (work.again && !loop.isClosed)
    working.delete(repl)
  }

  /** True when something was done, so that the repl is to be looked at again. */
  async function oneLook(repl: string): Promise<boolean> {
    const row = await parts.repls.get(repl)
    if (row === null) return false
    const actions = decide(row.value, await parts.observe(row.value), clock.now())
    if (actions.length > 0) return carryOut(row, actions)
    const { deadline, phase } = row.value
    const untilDue = deadline !== null && deadline > clock.now() ? deadline - clock.now() : null
    if (phase === 'DEGRADED') wakeAfter(repl, Math.min(amissMs, untilDue ?? amissMs))
    else if (untilDue !== null) wakeAfter(repl, untilDue)
    return false
  }

  function wakeAfter(repl: string, ms: number): void {
    wakes.set(
      repl,
      clock.after(ms, () => nudge(repl)),
    )
  }

  async function carryOut(first: Row<ReplRecord>, actions: Action[]): Promise<boolean> {
    let row = first
    for (const action of actions) {
      const next = action.do === 'move' ? await write(row, action.to) : await act(row.value, action)
      if (next === null) return true
      row = next
    }
    return true
  }

  /** Null when the record has changed since it was looked at: then everything is decided anew. */
  async function write(row: Row<ReplRecord>, to: Patch): Promise<Row<ReplRecord> | null> {
    try {
      const written = await parts.repls.replace(row, { ...row.value, ...to })
      if (to.phase !== undefined) log.info({ repl: row.id, phase: to.phase, reason: to.reason }, 'phase')
      return written
    } catch (thrown) {
      if (isConflict(thrown)) return null
      throw thrown
    }
  }

  async function act(record: ReplRecord, effect: Effect): Promise<Row<ReplRecord> | null> {
    const telling = tellingOf(effect, record)
    const begun = clock.now()
    const tell = async (state: 'begun' | 'done' | 'failed', say: string) => {
      const ms = state === 'begun' ? {} : { ms: clock.now() - begun }
      if (telling !== null) await tellStep(record, { step: telling.step, state, say, ...ms })
    }
    try {
      await tell('begun', telling?.say ?? '')
      const done = await parts.perform(effect, record)
      if (done === 'called-off') return null
      if (done === 'gone') return (await forgetRow(record.id), null)
      await tell('done', done.say ?? telling?.say ?? '')
      return await advance(record, effect, done.patch ?? {})
    } catch (thrown) {
      const error = asAppError(thrown)
      log.warn(
        { repl: record.id, do: effect.do, code: error.code, ...error.log, err: error.cause },
        error.say,
      )
      await tell('failed', error.say)
      await parts.repls.change(record.id, (now) => ({ ...now, ...failed(now, error.say, clock.now()) }))
      return null
    }
  }

  async function advance(record: ReplRecord, effect: Effect, learnt: Patch): Promise<Row<ReplRecord> | null> {
    const row = await parts.repls.change(record.id, (now) => {
      const known = { ...now, ...learnt }
      return { ...known, ...succeeded(known, effect, clock.now()) }
    })
    if (row === null) return null
    if (row.value.phase !== record.phase) log.info({ repl: row.id, phase: row.value.phase }, 'phase')
    const took = clock.now() - (row.value.begunAt ?? clock.now())
    if (effect.do === 'join')
      await tellStep(row.value, { step: 'ready', state: 'done', say: `Ready in ${seconds(took)}`, ms: took })
    if (effect.do === 'release')
      await tellStep(row.value, { step: 'stopped', state: 'done', say: 'Stopped', ms: took })
    return row
  }

  type Told = { step: Step; state: 'begun' | 'done' | 'failed'; say: string; ms?: number }
  async function tellStep(record: ReplRecord, event: Told): Promise<void> {
    const row = await parts.repls.get(record.id)
    const generation = row?.value.generation ?? record.generation
    await parts.progress.tell(record.id, { at: clock.now(), generation, ...event })
  }

  async function forgetRow(repl: string): Promise<void> {
    const row = await parts.repls.get(repl)
    if (row !== null) await parts.repls.remove(row)
  }

  function faultOfOurs(repl: string, thrown: unknown): false {
    const error = asAppError(thrown)
    log.error(
      { repl, code: error.code, ...error.log, err: error.cause ?? error },
      'a repl could not be worked on',
    )
    wakeAfter(repl, faultMs)
    return false
  }

  async function sweep(): Promise<void> {
    for (const row of await parts.repls.list()) nudge(row.id)
    if (!loop.isClosed) stopSweep = clock.after(sweepMs, () => void sweepAgain())
  }
  async function sweepAgain(): Promise<void> {
    await sweep().catch((thrown: unknown) => {
      log.error({ err: thrown }, 'the repls could not be listed')
      stopSweep = clock.after(sweepMs, () => void sweepAgain())
    })
  }

  function halt(): void {
    loop.isClosed = true
    stopSweep()
    for (const callOff of wakes.values()) callOff()
  }

  let stopSweep = () => {}
  void sweepAgain()

  return {
    nudge,
    async idle() {
      while (working.size > 0) await Promise.all([...working.values()].map((work) => work.done))
    },
    halt,
    async close() {
      halt()
      await Promise.all([...working.values()].map((work) => work.done))
    },
  }
}
