// Plays a plan of model.ts to its end; one that fails is written to a file, with where it can be run again.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Model, type Plan } from './model.ts'

/** Steps after which everybody must have come to the same. */
const judgedEvery = 60

export type Played = { steps: number; lines: number }

export async function play(plan: Plan, until = Infinity): Promise<Played> {
  const model = new Model()
  let [steps, lines] = [0, 0]
  try {
    await model.start()
    for (const step of plan.steps) {
      await model.run(step)
      steps += 1
      if (steps % judgedEvery === 0) lines = (await model.judge()).lines
      if (Date.now() > until) break
    }
    lines = (await model.judge()).lines
    return { steps, lines }
  } catch (fault) {
    throw new Error(`step ${steps} of the plan in ${keep(plan)} (run it again with DEVEX_FUZZ_PLAN=<file>)`, {
      cause: fault,
    })
  } finally {
    await model.stop()
  }
}

function keep(plan: Plan): string {
  const folder = join(import.meta.dirname, '../../build/fuzz')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `plan-${plan.seed}.json`)
  writeFileSync(path, JSON.stringify(plan))
  return path
}
