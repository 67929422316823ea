// Half a minute of a whole session at random on every run; 30 minutes of it are tests/soak/model.ts. DEVEX_FUZZ_SEED chooses
// another story, DEVEX_FUZZ_PLAN runs one that failed again.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { planOf, type Plan } from '../support/model.ts'
import { play } from '../support/play.ts'
import { seeded } from '../support/seeded.ts'

const seconds = 30

test('W-5 W-8 C-5 C-11 people, tools, moves and restarts at random: everybody and the file end equal, each line once', async () => {
  const kept = process.env['DEVEX_FUZZ_PLAN']
  if (kept !== undefined) {
    await play(JSON.parse(readFileSync(kept, 'utf8')) as Plan)
    return
  }
  const seed = Number(process.env['DEVEX_FUZZ_SEED'] ?? 1)
  const { steps, lines } = await play(planOf(seed, 5000, seeded(seed)), Date.now() + seconds * 1000)
  expect(steps).toBeGreaterThan(50)
  expect(lines).toBeGreaterThan(50)
}, 120_000)
