// From progress events to the list a person sees: pure. Shows only what was told.
import {
  startSteps,
  stopSteps,
  type Phase,
  type ProgressEvent,
  type Repl,
  type Step,
} from '../../protocol/repl.ts'

export interface ShownStep {
  step: Step
  state: ProgressEvent['state']
  say: string
  /** When it began, milliseconds since 1970 by the server's clock. */
  since: number
  /** How long it took, once it is over. */
  ms: number | null
}

/** One start or one stop: what happened so far. */
export interface Run {
  kind: 'start' | 'stop'
  generation: number
  steps: readonly ShownStep[]
}

const order: readonly Step[] = [...startSteps, ...stopSteps]
const starting: ReadonlySet<Step> = new Set<Step>(startSteps)

/** Which way a session goes in the phases in which it goes somewhere. */
const directions: Partial<Record<Phase, Run['kind']>> = {
  STARTING: 'start',
  RECOVERING: 'start',
  QUIESCING: 'stop',
  FLUSHING: 'stop',
  VERIFYING: 'stop',
  RELEASING: 'stop',
}

const kindOf = (step: Step): Run['kind'] => (starting.has(step) ? 'start' : 'stop')

/** Adds one event; an event of another generation or direction begins a new run. */
export function advance(run: Run | null, event: ProgressEvent): Run {
  const kind = kindOf(event.step)
  const same = run !== null && run.kind === kind && run.generation === event.generation
  const before = same ? run.steps : []
  return { kind, generation: event.generation, steps: withEvent(before, event) }
}

function withEvent(steps: readonly ShownStep[], event: ProgressEvent): readonly ShownStep[] {
  const known = steps.find(({ step }) => step === event.step)
  // A step that begins again takes back what came after it: this is another try.
  const keep = (shown: ShownStep): boolean =>
    shown.step !== event.step &&
    (event.state !== 'begun' || known === undefined || order.indexOf(shown.step) < order.indexOf(event.step))
  const since = event.state === 'begun' || !known ? event.at - (event.ms ?? 0) : known.since
  const ms = event.state === 'begun' ? null : (event.ms ?? event.at - since)
  const shown: ShownStep = { step: event.step, state: event.state, say: event.say, since, ms }
  return [...steps.filter(keep), shown].sort((a, b) => order.indexOf(a.step) - order.indexOf(b.step))
}

/** Whether the run told last belongs to what is shown: a stopped repl shows how it stopped, never how it once started. */
export function showsRun({ phase, desired }: Pick<Repl, 'phase' | 'desired'>, run: Run): boolean {
  const way = directions[phase]
  if (way !== undefined) return run.kind === way
  if (phase !== 'STOPPED' && phase !== 'CREATED') return true
  return desired === 'running' || run.kind === 'stop'
}

/** The step that runs now, in the API's own words; nothing where the run told last goes the other way than `phase` does. */
export function runningSay(run: Run | null, phase: Phase): string | undefined {
  if (run === null || run.kind !== directions[phase]) return undefined
  return run.steps.find(({ state }) => state === 'begun')?.say
}

/** Milliseconds from the first step's begin to the end of the last that is over. */
export function totalMs(run: Run): number {
  const begin = Math.min(...run.steps.map(({ since }) => since))
  const end = Math.max(...run.steps.map(({ since, ms }) => since + (ms ?? 0)))
  return Math.max(0, end - begin)
}
