// Plays a plan of model.ts to its end; one that fails is written to a file, with where it can be run again.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Model, type Plan } from './model.ts'

/** Steps after which everybody must have come to the same. */
const judgedEvery = 60

/** Milliseconds that one step may take before it counts as hanging. */
const stepMs = 60_000

function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

export type Played = { steps: number; lines: number }

export async function play(plan: Plan, until = Infinity): Promise<Played> {
  const model = new Model()
  let [steps, lines] = [0, 0]
  try {
    await model.start()
    for (const step of plan.steps) {
      await within(stepMs, model.run(step))
      steps += 1
      if (steps % judgedEvery === 0) lines = (await model.judge()).lines
      if (Date.now() > until) break
    }
    lines = (await model.judge()).lines
    return { steps, lines }
  } catch (fault) {
    throw new Error(
      `step ${steps} of the plan in ${keep(plan, steps)} (run it again with DEVEX_FUZZ_PLAN=<file>)`,
      {
        cause: fault,
      },
    )
  } finally {
    await model.stop()
  }
}

function keep(plan: Plan, played: number): string {
  const folder = join(import.meta.dirname, '../../build/fuzz')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `plan-${plan.seed}.json`)
  writeFileSync(path, JSON.stringify({ ...plan, steps: plan.steps.slice(0, played + 1) }))
  return path
}
