// A flush that fails holds the sandbox: whatever is damaged between flush and verify, however long the store is away. Then it lands.
import { readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { type Clock, realClock } from '../../orchestrator/clock.ts'
import { folderStore } from '../../orchestrator/objects/folder/start.ts'
import type { ObjectStore } from '../../orchestrator/objects/object-store.ts'
import { syncRequests, type SyncRequests } from '../../orchestrator/sync-requests.ts'
import { AppError } from '../../protocol/errors.ts'
import type { Person } from '../../protocol/repl.ts'
import { aRepl, openHouse, type House } from '../support/house.ts'

let house: House
let ada: Person
afterEach(() => house.end())

const at = (repl: string, ...parts: string[]) => join(house.config.data, 'sandboxes', repl, 'work', ...parts)
const press = (repl: string, what: 'start' | 'stop') =>
  house.ask('POST', `/v1/repls/${repl}/${what}`, { as: ada, body: {} })

/** Real time at first; from `run(times)` on so many times as fast. */
function adjustable(): Clock & { run(times: number): void } {
  const pace = { times: 1, real: Date.now(), shown: Date.now() }
  const now = () => pace.shown + (Date.now() - pace.real) * pace.times
  return {
    now,
    after: (ms, act) => realClock.after(ms / pace.times, act),
    run: (times) => void Object.assign(pace, { shown: now(), real: Date.now(), times }),
  }
}

/** Does something to the store between each flush and its verify, while it is told to. */
function meddling(asks: SyncRequests, meddle: () => Promise<void>): SyncRequests {
  return {
    ...asks,
    async flush(request) {
      const flushed = await asks.flush(request)
      await meddle()
      return flushed
    },
  }
}

async function aSession(): Promise<string> {
  const { id } = await aRepl(house, ada)
  await press(id, 'start')
  await house.until(id, ada, 'RUNNING')
  await writeFile(at(id, 'workspace', 'precious.txt'), 'work')
  await writeFile(at(id, 'workspace', 'large.bin'), Buffer.alloc(1_200_000, 'g'))
  return id
}

const flip = async (path: string) => {
  const bytes = await readFile(path)
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(path, bytes)
}
const cut = async (path: string) => truncate(path, (await readFile(path)).length - 1)

test.each([
  ['one byte flipped', flip],
  ['one object dropped', (path: string) => rm(path)],
  ['one object truncated', cut],
])(
  'R-7 F-2 F-11 %s between flush and verify: the sandbox is held and can be taken along, then heals',
  async (_, damage) => {
    const store = { folder: '', isDamaging: false, damaged: new Set<string>() }
    // Each kind of object once; the next flush finds the store as it was left.
    const meddle = async () => {
      if (!store.isDamaging) return
      for (const kind of ['packs', 'blobs'])
        for (const name of await readdir(join(store.folder, 'v1', kind))) {
          if (store.damaged.has(kind)) continue
          store.damaged.add(kind)
          return damage(join(store.folder, 'v1', kind, name))
        }
      store.isDamaging = false
    }
    const clock = adjustable()
    house = await openHouse()
    await house.restart({ clock, sync: meddling(syncRequests(house.config.sync), meddle) })
    store.folder = join(house.config.data, 'objects')
    ada = await house.owner()
    const id = await aSession()
    store.isDamaging = true
    clock.run(20)

    await press(id, 'stop')
    const held = await house.until(id, ada, 'FLUSH_FAILED')

    expect(held.reason).toMatch(/could not be verified/)
    expect(await readFile(at(id, 'workspace', 'precious.txt'), 'utf8')).toBe('work')
    expect((await house.zip(`/v1/repls/${id}/zip`, ada))['precious.txt']).toBe('work')
    await house.until(id, ada, 'STOPPED')
    clock.run(1)
    expect(store.damaged).toEqual(new Set(['packs', 'blobs']))
    await press(id, 'start')
    await house.until(id, ada, 'RUNNING')
    expect(await readFile(at(id, 'workspace', 'precious.txt'), 'utf8')).toBe('work')
    expect((await readFile(at(id, 'workspace', 'large.bin'))).equals(Buffer.alloc(1_200_000, 'g'))).toBe(true)
  },
)

test('R-7 F-11 a store that is away for ten minutes: it is tried again and again, nothing is released, nothing is lost', async () => {
  const outageMs = 10 * 60 * 1000
  const clock = adjustable()
  house = await openHouse({ clock })
  const whole = await folderStore(join(house.config.data, 'objects'))
  const away = { isAway: false, asked: [] as number[] }
  const store: ObjectStore = {
    ...whole,
    put: (key, bytes) => {
      if (away.isAway) away.asked.push(clock.now())
      return away.isAway
        ? Promise.reject(new AppError('unavailable', { say: 'The store is away.' }))
        : whole.put(key, bytes)
    },
  }
  await house.restart({ clock, store })
  ada = await house.owner()
  const id = await aSession()
  away.isAway = true
  clock.run(100)
  const begun = clock.now()
  const phases = new Set<string>()

  // Heard and not looked for: at this pace a phase is over in some milliseconds.
  const failed = house.progress(id, ada, {
    enough: (_, repls) => repls.some(({ phase }) => phase === 'FLUSH_FAILED'),
  })
  await press(id, 'stop')
  await failed
  while (clock.now() < begun + outageMs || away.asked.length < 2) {
    const { repl } = await house.ask('GET', `/v1/repls/${id}`, { as: ada })
    phases.add(repl.phase)
    expect(await readFile(at(id, 'workspace', 'precious.txt'), 'utf8')).toBe('work')
    await new Promise((done) => setTimeout(done, 50))
  }
  const { repl } = await house.ask('GET', `/v1/repls/${id}`, { as: ada })
  expect(repl.reason).toBeTruthy()
  away.isAway = false
  // "Stop" is pressed again: it is tried at once.
  await press(id, 'stop')
  await house.until(id, ada, 'STOPPED')
  clock.run(1)

  expect([...phases].filter((phase) => !['FLUSH_FAILED', 'FLUSHING', 'QUIESCING'].includes(phase))).toEqual(
    [],
  )
  expect(away.asked.length).toBeGreaterThan(1)
  await press(id, 'start')
  await house.until(id, ada, 'RUNNING')
  expect(await readFile(at(id, 'workspace', 'precious.txt'), 'utf8')).toBe('work')
})

test('R-7 F-11 an empty folder where the store was (its disk is not mounted): no new store is begun there, the session is held', async () => {
  house = await openHouse()
  ada = await house.owner()
  const id = await aSession()
  await press(id, 'stop')
  await house.until(id, ada, 'STOPPED')
  await press(id, 'start')
  await house.until(id, ada, 'RUNNING')
  await writeFile(at(id, 'workspace', 'precious.txt'), 'newer work')
  const store = join(house.config.data, 'objects')
  await rename(store, `${store}-away`)
  await house.restart()

  await press(id, 'stop')
  const held = await house.until(id, ada, 'FLUSH_FAILED')

  expect(held.reason).toMatch(/does not hold its backup.*mounted/)
  expect(await readFile(at(id, 'workspace', 'precious.txt'), 'utf8')).toBe('newer work')
  expect((await readdir(store, { recursive: true })).filter((name) => name.endsWith('HEAD.json'))).toEqual([])
  await rm(store, { recursive: true })
  await rename(`${store}-away`, store)
  await press(id, 'stop')
  await house.until(id, ada, 'STOPPED')
  await press(id, 'start')
  await house.until(id, ada, 'RUNNING')
  expect(await readFile(at(id, 'workspace', 'precious.txt'), 'utf8')).toBe('newer work')
})
