// A session's life through the API, with real processes, real sync and a real store: start, stop, faults, and coming back.
import { readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startSteps } from '../../protocol/repl.ts'
import type { Person, ProgressEvent } from '../../protocol/repl.ts'
import { folderStore } from '../../orchestrator/objects/folder/start.ts'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { syncRequests } from '../../orchestrator/sync-requests.ts'
import { identify } from '../../orchestrator/process-identity.ts'
import { eventually } from '../support/eventually.ts'
import { aRepl, openHouse, type House } from '../support/house.ts'

let house: House
let ada: Person

beforeEach(async () => {
  house = await openHouse()
  ada = await house.owner()
})
afterEach(() => house.end())

const workspace = (repl: string) => join(house.config.data, 'sandboxes', repl, 'work', 'workspace')
const press = (repl: string, what: 'start' | 'stop' | 'undelete') =>
  house.ask('POST', `/v1/repls/${repl}/${what}`, { as: ada, body: {} })
const pids = async (repl: string) => {
  const text = await readFile(join(house.config.data, 'sandboxes', repl, 'processes.json'), 'utf8')
  const { runner, box } = JSON.parse(text) as Record<'runner' | 'box', { pid: number } | null>
  return { runner, box }
}
const isStep = (step: string, state: string) => (event: ProgressEvent) =>
  event.step === step && event.state === state

/** A store that can be told to be away. */
function breakable(store: ObjectStore): { store: ObjectStore; away: { isAway: boolean } } {
  const away = { isAway: false }
  const put: ObjectStore['put'] = (key, bytes) =>
    away.isAway ? Promise.reject(new Error('the store is away')) : store.put(key, bytes)
  return { away, store: { ...store, put } }
}

test('R-5 a start is told step by step as it happens, and a page resumes after the last it saw', async () => {
  const repl = await aRepl(house, ada)
  const live = house.progress(repl.id, ada, { enough: (events) => events.some(isStep('ready', 'done')) })
  await press(repl.id, 'start')

  const { events, repls } = await live
  const ids = events.map((event) => event.id)
  expect(ids).toEqual(ids.map((_, index) => index + 1))
  const steps = [...new Set(events.map((event) => event.step))]
  expect(steps).toEqual(startSteps.filter((step) => step !== 'pull'))
  for (const step of steps.slice(0, -1))
    expect(events.filter((event) => event.step === step).map((event) => event.state)).toEqual([
      'begun',
      'done',
    ])
  expect(events.find(isStep('restore', 'done'))?.say).toMatch(/^Copied 2 files \(\d+ B\)$/)
  expect(events.find(isStep('boot', 'done'))?.say).toContain('without isolation (level process)')
  expect(events.at(-1)?.say).toMatch(/^Ready in \d+\.\d s$/)
  expect(repls.at(-1)).toMatchObject({ phase: 'RUNNING', level: 'process', generation: 1 })

  const resumed = await house.progress(repl.id, ada, {
    after: 5,
    enough: (some) => some.length >= ids.length - 5,
  })
  expect(resumed.events).toEqual(events.slice(5))
})

test('R-8 after a stop and a start everything is back, though the folder was removed meanwhile', async () => {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  await writeFile(join(workspace(repl.id), 'new.txt'), 'kept\r\n')
  await symlink('new.txt', join(workspace(repl.id), 'link'))
  await press(repl.id, 'stop')
  const stopped = await house.until(repl.id, ada, 'STOPPED')
  expect(stopped.committedAt).not.toBeNull()
  await expect(stat(workspace(repl.id))).rejects.toThrow('ENOENT')

  await press(repl.id, 'start')
  const again = await house.until(repl.id, ada, 'RUNNING')

  expect(again.generation).toBe(2)
  expect(await readFile(join(workspace(repl.id), 'link'), 'utf8')).toBe('kept\r\n')
  const { events } = await house.progress(repl.id, ada, {
    enough: (some) => some.filter(isStep('ready', 'done')).length === 2,
  })
  expect(events.filter(isStep('restore', 'begun')).at(-1)?.say).toMatch(/^Bringing back \d+ files/)
  expect(events.filter(isStep('stopped', 'done'))).toHaveLength(1)
})

test('R-8 a backup that is out of reach fails the start; the template never takes its place', async () => {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  await writeFile(join(workspace(repl.id), 'new.txt'), 'kept')
  await press(repl.id, 'stop')
  await house.until(repl.id, ada, 'STOPPED')
  const objects = join(house.config.data, 'objects')
  await rename(join(objects, 'v1'), join(objects, 'away'))

  await press(repl.id, 'start')
  const failed = await house.until(repl.id, ada, 'START_FAILED')

  expect(failed.reason).toContain('does not hold its backup')
  await rename(join(objects, 'away'), join(objects, 'v1'))
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  expect(await readFile(join(workspace(repl.id), 'new.txt'), 'utf8')).toBe('kept')
})

test('R-2 R-10 start and stop may be pressed in any order at any time; the last wish comes true', async () => {
  const repl = await aRepl(house, ada)
  for (const what of ['start', 'stop', 'start', 'start', 'stop', 'start'] as const)
    expect((await press(repl.id, what)).status).toBe(200)
  await house.until(repl.id, ada, 'RUNNING')

  await press(repl.id, 'stop')
  await eventually(
    async () => (await house.ask('GET', `/v1/repls/${repl.id}`, { as: ada })).repl.phase !== 'RUNNING',
  )
  await press(repl.id, 'start')
  await eventually(async () => {
    const now = (await house.ask('GET', `/v1/repls/${repl.id}`, { as: ada })).repl
    return now.phase === 'RUNNING' && now.generation > 1
  })
  await house.ask('DELETE', `/v1/repls/${repl.id}`, { as: ada })
  await house.until(repl.id, ada, 'DELETED')
  const [tombstone, ...others] = (await house.ask('GET', '/v1/repls', { as: ada })).repls
  expect([tombstone?.id, tombstone?.phase, others]).toEqual([repl.id, 'DELETED', []])
  expect((tombstone?.goneAt ?? 0) - Date.now()).toBeGreaterThan(6.9 * 24 * 3600_000)

  await press(repl.id, 'undelete')
  await house.until(repl.id, ada, 'STOPPED')
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
})

test('R-10 A-8 while a repl goes, an editor’s start is refused in words and changes nothing; the owner’s brings it back', async () => {
  await house.end()
  const folder = join(house.config.data, '..', '..', `store-${Date.now()}`)
  const { store, away } = breakable(await folderStore(folder))
  house = await openHouse({ store })
  ada = await house.owner()
  const repl = await aRepl(house, ada)
  const asked = { as: ada, body: { role: 'editor' } }
  const { invite } = await house.ask('POST', `/v1/repls/${repl.id}/invites`, asked)
  const { person: grace } = await house.ask('POST', `/v1/invites/${invite.code}/accept`, {
    body: { name: 'Grace' },
  })
  const graceAsks = (method: string, path: string) =>
    house.ask(method, `/v1/repls/${repl.id}${path}`, {
      as: grace,
      ...(method === 'GET' ? {} : { body: {} }),
    })
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  away.isAway = true

  await house.ask('DELETE', `/v1/repls/${repl.id}`, { as: ada })
  // At once, before its session has come to an end, and in the phase where it waits.
  const first = await graceAsks('POST', '/start')
  await house.until(repl.id, ada, 'FLUSH_FAILED')
  const second = await graceAsks('POST', '/start')
  await graceAsks('POST', '/stop')

  for (const { error } of [first, second])
    expect(error).toEqual({
      code: 'forbidden',
      say: 'This REPL is being deleted. Only its owner can bring it back.',
    })
  expect((await graceAsks('GET', '')).repl.desired).toBe('deleted')
  await press(repl.id, 'start')
  expect((await house.until(repl.id, ada, 'RUNNING')).desired).toBe('running')
  await rm(folder, { recursive: true })
})

test('R-7 a flush that fails keeps the sandbox, says why, and lands when the store is back', async () => {
  await house.end()
  const folder = join(house.config.data, '..', '..', `store-${Date.now()}`)
  const { store, away } = breakable(await folderStore(folder))
  house = await openHouse({ store })
  ada = await house.owner()
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  await writeFile(join(workspace(repl.id), 'precious.txt'), 'work')
  away.isAway = true

  await press(repl.id, 'stop')
  const failed = await house.until(repl.id, ada, 'FLUSH_FAILED')
  expect(failed.reason).toBeTruthy()
  expect(await readFile(join(workspace(repl.id), 'precious.txt'), 'utf8')).toBe('work')

  await press(repl.id, 'start')
  expect((await house.until(repl.id, ada, 'RUNNING')).generation).toBe(1)

  away.isAway = false
  await press(repl.id, 'stop')
  await house.until(repl.id, ada, 'STOPPED')
  expect((await store.readHead(repl.id))?.generation).toBe(1)
  await rm(folder, { recursive: true })
})

test('R-7 an object that was altered before it was verified keeps the sandbox; a second flush repairs nothing it must not', async () => {
  await house.end()
  const folder = join(house.config.data, '..', '..', `store-${Date.now()}`)
  const whole = await folderStore(folder)
  const tampering = { isOn: true }
  const store: ObjectStore = {
    ...whole,
    async put(key, bytes) {
      await whole.put(key, bytes)
      if (tampering.isOn && key.startsWith('v1/packs/')) await writeFile(join(folder, key), 'altered')
    },
  }
  house = await openHouse({ store })
  ada = await house.owner()
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')

  await press(repl.id, 'stop')
  await house.until(repl.id, ada, 'FLUSH_FAILED')

  expect(await whole.readHead(repl.id)).toBeNull()
  expect((await readdir(workspace(repl.id))).sort()).toEqual(['README.md', 'main.py'])
  await rm(folder, { recursive: true })
})

test('R-6 a failed start names its step and reason, and the repl can be started again', async () => {
  await house.end()
  const sync = { isAway: true }
  house = await openHouse()
  const asks = syncRequests(house.config.sync)
  const restore: typeof asks.restore = (request) =>
    sync.isAway ? Promise.reject(new Error('refused')) : asks.restore(request)
  await house.restart({ sync: { ...asks, restore } })
  ada = await house.owner()
  const repl = await aRepl(house, ada)

  await press(repl.id, 'start')
  const failed = await house.until(repl.id, ada, 'START_FAILED')
  expect(failed.reason).toBe(
    `Bringing the files failed for a reason that DevEx does not know. The last backup is untouched. Try again; if it goes on, look for ${repl.id} in the log of DevEx.`,
  )
  const { events } = await house.progress(repl.id, ada, {
    enough: (some) => some.some((each) => each.state === 'failed'),
  })
  expect(events.find((event) => event.state === 'failed')?.step).toBe('restore')

  sync.isAway = false
  await press(repl.id, 'start')
  expect((await house.until(repl.id, ada, 'RUNNING')).generation).toBe(2)
})

test('R-3 sessions outlive the orchestrator: the next one adopts what runs and starts nothing twice', async () => {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  const before = await pids(repl.id)
  // The address of the API is in what a runner was told, so the next orchestrator takes the same port, as `up` sees to.
  house.config.port = house.orchestrator.port

  await rm(house.config.routes)
  await house.restart()

  const doors = await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: ada, body: {} })
  expect(doors.doors).toMatchObject({ generation: 1, role: 'owner' })
  expect(await pids(repl.id)).toEqual(before)
  expect(await readFile(house.config.routes, 'utf8')).toContain(repl.id)
  await press(repl.id, 'stop')
  await house.until(repl.id, ada, 'STOPPED')
})

test('R-3 a session lost with its orchestrator is started from its own folders: nothing typed is lost', async () => {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  await writeFile(join(workspace(repl.id), 'unflushed.txt'), 'typed')
  const before = await pids(repl.id)
  await house.orchestrator.close()
  for (const each of Object.values(before)) process.kill(each!.pid, 'SIGKILL')
  await eventually(async () => (await identify(before.runner!.pid)) === null)

  await house.restart()
  await eventually(async () => {
    const now = await pids(repl.id)
    return now.runner?.pid !== before.runner?.pid && now.box?.pid !== before.box?.pid
  })
  await house.until(repl.id, ada, 'RUNNING')

  expect(await readFile(join(workspace(repl.id), 'unflushed.txt'), 'utf8')).toBe('typed')
})

test('a session whose folders were removed goes back to its last backup in the next generation', async () => {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  await press(repl.id, 'stop')
  await house.until(repl.id, ada, 'STOPPED')
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  const before = await pids(repl.id)

  await rm(join(workspace(repl.id), '..'), { recursive: true })
  process.kill(before.runner!.pid, 'SIGKILL')

  await eventually(async () => {
    const now = (await house.ask('GET', `/v1/repls/${repl.id}`, { as: ada })).repl
    return now.phase === 'RUNNING' && now.generation === 3
  })
  expect((await readdir(workspace(repl.id))).sort()).toEqual(['README.md', 'main.py'])
})

test('R-9 a runner that dies is started again, with the reason shown meanwhile; the programs go on', async () => {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  const before = await pids(repl.id)
  const doors = (await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: ada, body: {} })).doors
  const isOver = (phases: string[]) => phases.includes('DEGRADED') && phases.at(-1) === 'RUNNING'
  const live = house.progress(repl.id, ada, { enough: (_, repls) => isOver(repls.map((each) => each.phase)) })

  process.kill(before.runner!.pid, 'SIGKILL')

  const reasons = (await live).repls.map((each) => each.reason)
  expect(reasons).toContain(
    'The runner ended unexpectedly and is being started again. What you typed is kept.',
  )
  const after = await pids(repl.id)
  expect(after.runner?.pid).not.toBe(before.runner?.pid)
  expect(after.box).toEqual(before.box)
  const again = (await house.ask('POST', `/v1/repls/${repl.id}/doors`, { as: ada, body: {} })).doors
  expect(again).toMatchObject({ generation: doors.generation, runnerKey: doors.runnerKey })
})

test('R-4 a start claims the number after HEAD and ledger, also when the ledger knows less than the store', async () => {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  await house.until(repl.id, ada, 'RUNNING')
  await press(repl.id, 'stop')
  await house.until(repl.id, ada, 'STOPPED')
  const store = await folderStore(join(house.config.data, 'objects'))
  const head = await store.readHead(repl.id)
  expect(head?.generation).toBe(1)
  await store.swapHead(repl.id, head, { ...head!, generation: 9 })

  await press(repl.id, 'start')

  expect((await house.until(repl.id, ada, 'RUNNING')).generation).toBe(10)
})

test('stopping all sessions backs up each and tells a line of each step', async () => {
  const first = await aRepl(house, ada, 'first')
  const second = await aRepl(house, ada, 'second')
  for (const repl of [first, second]) await press(repl.id, 'start')
  for (const repl of [first, second]) await house.until(repl.id, ada, 'RUNNING')
  const lines: string[] = []

  await house.orchestrator.sessions.stopAll((line) => lines.push(line))

  for (const name of ['first', 'second'])
    expect(lines.filter((line) => line.startsWith(name))).toEqual([
      `${name}: asking programs to end`,
      `${name}: saving the files`,
      `${name}: checking the backup`,
      `${name}: stopped`,
    ])
  await house.orchestrator.sessions.stopAll(() => undefined)
})
