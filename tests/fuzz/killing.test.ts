// A few seeded kill points on every run; the whole is tests/soak/kill.ts.
import { expect, onTestFinished, test } from 'vitest'
import { kinds, Killing } from '../support/killing.ts'
import { seeded } from '../runner/documents/session.ts'

test('W-9 C-5 C-6 authors, runner, relay, box and link die in one instant: every logged edit is there once, none twice', async () => {
  const random = seeded(20261123)
  const killing = new Killing(random)
  onTestFinished(() => killing.stop())
  await killing.start()

  let logged = 0
  for (const [kind, victims] of Object.entries(kinds)) {
    const outcome = await killing.point(victims)
    expect({ kind, lost: outcome.lost, doubled: outcome.doubled }).toEqual({ kind, lost: [], doubled: [] })
    logged += outcome.logged
  }
  expect(logged).toBeGreaterThan(100)
}, 90_000)
