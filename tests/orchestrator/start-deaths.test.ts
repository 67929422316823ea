// A start in which everything dies at once: it says so, and what outlived its parents does not stay.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runnerControl } from '../../orchestrator/runner-control.ts'
import { eventually } from '../support/eventually.ts'
import { aRepl, openHouse } from '../support/house.ts'
import { isLiving, slay } from '../support/processes.ts'

test('S-4 R-6 a start whose runner and box both died says so, leaves no program of theirs, and can be asked for again', async () => {
  let isWell = false
  const real = runnerControl({ control: () => Promise.resolve('') })
  // Nobody is well before both have died.
  const control = {
    ...real,
    health: async (...asked: Parameters<typeof real.health>) => (isWell ? real.health(...asked) : null),
  }
  const house = await openHouse({ control })
  onTestFinished(() => house.end())
  const ada = await house.owner()
  const { id } = await aRepl(house, ada)
  const sandbox = join(house.config.data, 'sandboxes', id)
  const press = () => house.ask('POST', `/v1/repls/${id}/start`, { as: ada, body: {} })
  await press()
  const programs = await eventually(
    async () => JSON.parse(await readFile(join(sandbox, 'home/pids.json'), 'utf8')) as Record<string, number>,
  )
  const { runner } = await eventually(async () => {
    const known = JSON.parse(await readFile(join(sandbox, 'processes.json'), 'utf8')) as {
      runner: { pid: number } | null
    }
    return known.runner === null ? null : { runner: known.runner.pid }
  })

  await Promise.all([slay(runner), slay(programs['box']!)])

  expect((await house.until(id, ada, 'START_FAILED')).reason).toMatch(/ended while it was starting/)
  for (const pid of Object.values(programs)) expect(isLiving(pid)).toBe(false)
  isWell = true
  await press()
  await house.until(id, ada, 'RUNNING')
})
