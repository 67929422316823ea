// A few seeded kill points on every run, in which every process dies with another; the whole is tests/soak/kill.ts.
import { expect, onTestFinished, test } from 'vitest'
import { offeredLevels } from '../exams/cage-rig.ts'
import { kindsAt } from '../support/kinds.ts'
import { faultsOf, Killing } from '../support/killing.ts'
import { seeded } from '../support/seeded.ts'

const level = (await offeredLevels()).at(-1) ?? 'process'
/** The outermost process of a box takes the box with it. */
const box = level === 'process' ? 'box' : 'box outermost'
const chosen = [
  'relay and runner',
  'runner and sync',
  'sync and orchestrator',
  `${box} and orchestrator`,
  'link',
  'orchestrator in a stop',
]

test('W-9 C-5 C-6 F-8 R-9 authors and our processes die in one instant: every logged edit is there once, none twice, also out of the store', async () => {
  const killing = new Killing(seeded(20261123), level)
  onTestFinished(() => killing.stop())
  await killing.start()

  let logged = 0
  for (const name of chosen) {
    const kind = kindsAt(level).get(name)
    if (kind === undefined) throw new Error(`there is no kind ${name}`)
    const outcome = await killing.point(kind)
    expect({ name, faults: faultsOf(outcome) }).toEqual({ name, faults: [] })
    logged += outcome.logged
  }
  console.log(
    `${chosen.length} kill points at ${level}, ${logged} lines told to be logged: 0 lost, 0 doubled`,
  )
  expect(logged).toBeGreaterThan(100)
}, 180_000)
