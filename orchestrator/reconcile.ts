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
import { failureWords, seconds, tellingOf } from './words.ts'

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

type Told = { step: Step; state: 'begun' | 'done' | 'failed'; say: string; ms?: number }

export class Reconciler {
  readonly #parts: ReconcileParts
  readonly #working = new Map<string, { again: boolean; done: Promise<void> }>()
  readonly #wakes = new Map<string, () => void>()
  readonly #boots = new Set<Promise<Done>>()
  #isClosed = false
  #stopSweep = (): void => {}

  constructor(parts: ReconcileParts) {
    this.#parts = parts
    void this.#sweepAgain()
  }

  /** Look at this repl now, or as soon as the present action ends. */
  nudge(repl: string): void {
    if (this.#isClosed) return
    const present = this.#working.get(repl)
    if (present !== undefined) {
      present.again = true
      return
    }
    const work = { again: false, done: Promise.resolve() }
    this.#working.set(repl, work)
    work.done = this.#untilQuiet(repl, work)
  }

  async #untilQuiet(repl: string, work: { again: boolean }): Promise<void> {
    this.#wakes.get(repl)?.()
    this.#wakes.delete(repl)
    do {
      work.again = false
      while (
        !this.#isClosed &&
        (await this.#oneLook(repl).catch((thrown: unknown) => this.#faultOfOurs(repl, thrown)))
      );
    } while (work.again && !this.#isClosed)
    this.#working.delete(repl)
  }

  /** True when something was done, so that the repl is to be looked at again. */
  async #oneLook(repl: string): Promise<boolean> {
    const row = await this.#parts.repls.get(repl)
    if (row === null) return false
    const actions = decide(row.value, await this.#parts.observe(row.value), this.#parts.clock.now())
    if (actions.length > 0) return this.#carryOut(row, actions)
    const { deadline, phase } = row.value
    const untilDue =
      deadline !== null && deadline > this.#parts.clock.now() ? deadline - this.#parts.clock.now() : null
    if (phase === 'DEGRADED') this.#wakeAfter(repl, Math.min(amissMs, untilDue ?? amissMs))
    else if (untilDue !== null) this.#wakeAfter(repl, untilDue)
    return false
  }

  #wakeAfter(repl: string, ms: number): void {
    this.#wakes.set(
      repl,
      this.#parts.clock.after(ms, () => this.nudge(repl)),
    )
  }

  async #carryOut(first: Row<ReplRecord>, actions: Action[]): Promise<boolean> {
    let row = first
    for (const action of actions) {
      if (this.#isClosed) return false
      const next =
        action.do === 'move' ? await this.#write(row, action.to) : await this.#act(row.value, action)
      if (next === null) return true
      row = next
    }
    return true
  }

  /** Null when the record has changed since it was looked at: then everything is decided anew. */
  async #write(row: Row<ReplRecord>, to: Patch): Promise<Row<ReplRecord> | null> {
    try {
      const written = await this.#parts.repls.replace(row, { ...row.value, ...to })
      if (to.phase !== undefined)
        this.#parts.log.info({ repl: row.id, phase: to.phase, reason: to.reason }, 'phase')
      return written
    } catch (thrown) {
      if (isConflict(thrown)) return null
      throw thrown
    }
  }

  async #act(record: ReplRecord, effect: Effect): Promise<Row<ReplRecord> | null> {
    const telling = tellingOf(effect, record)
    const begun = this.#parts.clock.now()
    const tell = async (state: 'begun' | 'done' | 'failed', say: string) => {
      const ms = state === 'begun' ? {} : { ms: this.#parts.clock.now() - begun }
      if (telling !== null) await this.#tellStep(record, { step: telling.step, state, say, ...ms })
    }
    try {
      await tell('begun', telling?.say ?? '')
      // Telling took a moment.
      const done = this.#isClosed ? 'called-off' : await this.#perform(effect, record)
      if (done === 'called-off') return null
      if (done === 'gone') return (await this.#forgetRow(record.id), null)
      await tell('done', done.say ?? telling?.say ?? '')
      return await this.#advance(record, effect, done.patch ?? {})
    } catch (thrown) {
      const error = asAppError(thrown)
      const say = failureWords(effect, error, record.id)
      this.#parts.log.warn(
        { repl: record.id, do: effect.do, code: error.code, ...error.log, err: error.cause },
        say,
      )
      await tell('failed', say)
      await this.#parts.repls.change(record.id, (now) => ({
        ...now,
        ...failed(now, say, this.#parts.clock.now()),
      }))
      return null
    }
  }

  /** A boot alone starts processes. */
  async #perform(effect: Effect, record: ReplRecord): Promise<Done> {
    const done = this.#parts.perform(effect, record)
    if (effect.do !== 'boot') return done
    this.#boots.add(done)
    try {
      return await done
    } finally {
      this.#boots.delete(done)
    }
  }

  async #advance(record: ReplRecord, effect: Effect, learnt: Patch): Promise<Row<ReplRecord> | null> {
    const row = await this.#parts.repls.change(record.id, (now) => {
      const known = { ...now, ...learnt }
      return { ...known, ...succeeded(known, effect, this.#parts.clock.now()) }
    })
    if (row === null) return null
    if (row.value.phase !== record.phase)
      this.#parts.log.info({ repl: row.id, phase: row.value.phase }, 'phase')
    const took = this.#parts.clock.now() - (row.value.begunAt ?? this.#parts.clock.now())
    if (effect.do === 'join')
      await this.#tellStep(row.value, {
        step: 'ready',
        state: 'done',
        say: `Ready in ${seconds(took)}`,
        ms: took,
      })
    if (effect.do === 'release')
      await this.#tellStep(row.value, { step: 'stopped', state: 'done', say: 'Stopped', ms: took })
    return row
  }

  async #tellStep(record: ReplRecord, event: Told): Promise<void> {
    const row = await this.#parts.repls.get(record.id)
    const generation = row?.value.generation ?? record.generation
    await this.#parts.progress.tell(record.id, { at: this.#parts.clock.now(), generation, ...event })
  }

  async #forgetRow(repl: string): Promise<void> {
    const row = await this.#parts.repls.get(repl)
    if (row !== null) await this.#parts.repls.remove(row)
  }

  #faultOfOurs(repl: string, thrown: unknown): false {
    const error = asAppError(thrown)
    this.#parts.log.error(
      { repl, code: error.code, ...error.log, err: error.cause ?? error },
      'a repl could not be worked on',
    )
    this.#wakeAfter(repl, faultMs)
    return false
  }

  async #sweep(): Promise<void> {
    for (const row of await this.#parts.repls.list()) this.nudge(row.id)
  }

  async #sweepAgain(): Promise<void> {
    await this.#sweep().catch((thrown: unknown) =>
      this.#parts.log.error({ err: thrown }, 'the repls could not be listed'),
    )
    if (!this.#isClosed) this.#stopSweep = this.#parts.clock.after(sweepMs, () => void this.#sweepAgain())
  }

  /** Begins nothing new from now on; resolves when nothing that was begun starts a process any more. */
  async halt(): Promise<void> {
    this.#isClosed = true
    this.#stopSweep()
    for (const callOff of this.#wakes.values()) callOff()
    await Promise.allSettled(this.#boots)
  }

  /** As `halt`, and waits for the actions that run. */
  async close(): Promise<void> {
    await this.halt()
    await Promise.all([...this.#working.values()].map((work) => work.done))
  }
}
