// Runner and box that die in one instant, in a start or later: it is said, and what outlived its parents does not stay.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runnerControl } from '../../orchestrator/runner-control.ts'
import { pino } from 'pino'
import { isolationOf } from '../../orchestrator/sandbox/local/isolation.ts'
import { localSandbox } from '../../orchestrator/sandbox/local/start.ts'
import type { Sandbox } from '../../orchestrator/sandbox/sandbox.ts'
import { eventually } from '../support/eventually.ts'
import { aRepl, type House, openHouse } from '../support/house.ts'
import { isLiving, programsOf, slay } from '../support/processes.ts'

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

test.each([
  ['runner', 'box'],
  ['box', 'runner'],
] as const)('R-9 a %s that dies again before it is well costs the %s nothing', async (dying, staying) => {
  let isWell = true
  const real = runnerControl({ control: () => Promise.resolve('') })
  const control = {
    ...real,
    health: async (...asked: Parameters<typeof real.health>) => (isWell ? real.health(...asked) : null),
  }
  const house = await openHouse({ control })
  onTestFinished(() => house.end())
  const ada = await house.owner()
  const { id } = await aRepl(house, ada)
  const pids = async () =>
    JSON.parse(await readFile(join(house.config.data, 'sandboxes', id, 'processes.json'), 'utf8')) as Record<
      'runner' | 'box',
      { pid: number }
    >
  await house.ask('POST', `/v1/repls/${id}/start`, { as: ada, body: {} })
  await house.until(id, ada, 'RUNNING')
  const first = await pids()
  const told = house.progress(id, ada, {
    enough: (_, repls) =>
      repls.some(({ reason }) => reason?.includes('ended before the session was well') === true),
  })

  isWell = false
  await slay(first[dying].pid)
  const second = await eventually(async () => {
    const now = await pids()
    return now[dying].pid === first[dying].pid ? null : now
  })
  await slay(second[dying].pid)
  await told
  isWell = true
  await eventually(async () => (await pids())[dying].pid !== second[dying].pid)
  await house.until(id, ada, 'RUNNING')

  expect((await pids())[staying]).toEqual(first[staying])
  expect(isLiving(first[staying].pid)).toBe(true)
})

test('S-4 an end by force in the middle of a start leaves no process of it, though the start brings them up after it', async () => {
  const house = await openHouse()
  onTestFinished(() => house.end())
  const real = localSandboxOf(house)
  let booted: Promise<unknown> = Promise.resolve()
  const gate = { isReached: false, open: () => {} }
  const opened = new Promise<void>((open) => (gate.open = open))
  const sandbox = withOwn(real, {
    boot(session) {
      gate.isReached = true
      const boot = opened.then(() => real.boot(session))
      booted = boot
      return boot
    },
    async end(repl) {
      await real.end(repl)
      // All that was there has ended: now the start goes on.
      if (gate.isReached) gate.open()
    },
  })
  await house.restart({ sandbox })
  const ada = await house.owner()
  const { id } = await aRepl(house, ada)
  await house.ask('POST', `/v1/repls/${id}/start`, { as: ada, body: {} })
  await eventually(() => gate.isReached)

  const names = await house.orchestrator.sessions.endAll()

  await booted
  expect(names).toEqual(['two sum'])
  for (const name of ['runner', 'box'] as const) expect(programsOf(id, name)).toEqual([])
})

/** A driver that, once `lag` is on and until it boots, sees a box alive that is dead: as one that is ending still. */
function lagging(real: Sandbox, lag: { isOn: boolean }): Sandbox {
  const own: Pick<Sandbox, 'observe' | 'boot'> = {
    async observe(session) {
      const facts = await real.observe(session)
      return lag.isOn && !(facts.runner && facts.box) ? { ...facts, runner: false, box: true } : facts
    },
    async boot(session) {
      if (lag.isOn)
        await eventually(async () => {
          const { runner, box } = await real.observe(session)
          return !runner && !box
        })
      lag.isOn = false
      return real.boot(session)
    },
  }
  return withOwn(real, own)
}

function withOwn(real: Sandbox, own: Partial<Sandbox>): Sandbox {
  return new Proxy(real, {
    get(target, name: keyof Sandbox) {
      if (own[name] !== undefined) return own[name]
      const its = target[name]
      return typeof its === 'function' ? its.bind(target) : its
    },
  })
}

/** As the house has it. */
function localSandboxOf(house: House): Sandbox {
  const { data, run, programs, system, build, collabUrl, origins } = house.config
  const surroundings = { build, collabUrl, origins, keysUrl: 'http://127.0.0.1:1', ...system }
  const isolation = isolationOf({ data, run, programs, path: system.path }, 'process')
  return localSandbox({ data, run, ...isolation, surroundings, log: pino({ level: 'silent' }) })
}

test('R-9 who was seen to be alive while the other was dead, and had to be started too, is told of', async () => {
  const house = await openHouse()
  onTestFinished(() => house.end())
  const lag = { isOn: false }
  await house.restart({ sandbox: lagging(localSandboxOf(house), lag) })
  const ada = await house.owner()
  const { id } = await aRepl(house, ada)
  await house.ask('POST', `/v1/repls/${id}/start`, { as: ada, body: {} })
  await house.until(id, ada, 'RUNNING')
  const known = JSON.parse(
    await readFile(join(house.config.data, 'sandboxes', id, 'processes.json'), 'utf8'),
  ) as Record<'runner' | 'box', { pid: number }>
  const told = house.progress(id, ada, {
    enough: (_, repls) =>
      repls.some(({ reason }) => reason?.startsWith('The runner and the programs') === true),
  })

  lag.isOn = true
  await Promise.all([slay(known.runner.pid), slay(known.box.pid)])

  const reasons = (await told).repls.map(({ reason }) => reason)
  expect(reasons).toContain(
    'The runner ended unexpectedly and has been started again. What you typed is kept.',
  )
  await house.until(id, ada, 'RUNNING')
})
