// Backups of running sessions through the API: they follow, a lost sandbox comes back, an overtaken one parks, zips are given.
import {
  appendFile,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { realClock } from '../../orchestrator/clock.ts'
import { folderStore } from '../../orchestrator/objects/folder/start.ts'
import { isolationOf } from '../../orchestrator/sandbox/local/isolation.ts'
import { localSandbox } from '../../orchestrator/sandbox/local/start.ts'
import type { Sandbox } from '../../orchestrator/sandbox/sandbox.ts'
import { KeptWork } from '../../protocol/control.ts'
import { decodeFrame } from '../../protocol/frames.ts'
import { decodeLogObject } from '../../protocol/log-object.ts'
import type { Person, Repl } from '../../protocol/repl.ts'
import { eventually } from '../support/eventually.ts'
import { aRepl, openHouse, type House } from '../support/house.ts'

const quick = { shipMs: 20, commitMs: 60, turnMs: 60, retryMs: { first: 20, last: 100 } }

let house: House
let ada: Person

const open = async (...of: Parameters<typeof openHouse>) => {
  house = await openHouse(of[0], of[1] ?? quick)
  ada = await house.owner()
}
beforeEach(() => open())
afterEach(() => house.end())

const at = (repl: string, ...parts: string[]) => join(house.config.data, 'sandboxes', repl, 'work', ...parts)
const press = (repl: string, what: 'start' | 'stop') =>
  house.ask('POST', `/v1/repls/${repl}/${what}`, { as: ada, body: {} })
const now = async (repl: string) => (await house.ask('GET', `/v1/repls/${repl}`, { as: ada })).repl
const storeOf = () => folderStore(join(house.config.data, 'objects'))

async function running(): Promise<Repl> {
  const repl = await aRepl(house, ada)
  await press(repl.id, 'start')
  return house.until(repl.id, ada, 'RUNNING')
}

/** Resolves when what is on the disk now is backed up. */
async function backedUp(repl: string): Promise<void> {
  const since = Date.now()
  await writeFile(at(repl, 'workspace', '.mark'), String(since))
  await eventually(async () => ((await now(repl)).committedAt ?? 0) > since)
}

/** As if the machine had lost the whole sandbox in one instant. */
async function lose(repl: string): Promise<void> {
  const folder = join(house.config.data, 'sandboxes', repl)
  const pids = JSON.parse(await readFile(join(folder, 'processes.json'), 'utf8')) as Record<
    'runner' | 'box',
    { pid: number }
  >
  await rm(folder, { recursive: true })
  for (const { pid } of [pids.runner, pids.box]) process.kill(pid, 'SIGKILL')
}

test('F-7 while a session runs, "backed up" follows what changes, by verified commits of its generation', async () => {
  const { id } = await running()
  await writeFile(at(id, 'workspace', 'new.txt'), 'new')
  await backedUp(id)

  const store = await storeOf()
  const first = await store.readHead(id)
  await backedUp(id)
  const second = await store.readHead(id)

  expect(first?.generation).toBe(1)
  expect(second?.manifest).not.toBe(first?.manifest)
  expect((await now(id)).committedAt).toBe(second?.at)
})

test('F-6 F-9 a session whose sandbox is lost goes on in the next generation, with its files and the log after them', async () => {
  const { id } = await running()
  await mkdir(at(id, 'state', 'log'))
  await writeFile(at(id, 'state', 'log', '1-0'), 'typed;')
  await writeFile(at(id, 'workspace', 'new.txt'), 'new')
  await symlink('new.txt', at(id, 'workspace', 'link'))
  await backedUp(id)
  const store = await storeOf()
  const logs = async () => (await store.list(`v1/repls/${id}/log/`)).length
  const before = await logs()
  await appendFile(at(id, 'state', 'log', '1-0'), 'and typed on;')
  await eventually(async () => (await logs()) > before)
  const told = house.progress(id, ada, {
    enough: (events) => events.filter(({ step }) => step === 'ready').length === 2,
  })

  await lose(id)

  const again = await eventually(async () => {
    const repl = await now(id)
    return repl.phase === 'RUNNING' && repl.generation === 2 ? repl : undefined
  })
  expect(again.reason).toBeNull()
  expect(await readFile(at(id, 'workspace', 'link'), 'utf8')).toBe('new')
  expect(await readFile(at(id, 'state', 'log', '1-0'), 'utf8')).toBe('typed;and typed on;')
  const { events, repls } = await told
  expect(repls.map(({ phase }) => phase)).toContain('RECOVERING')
  expect(repls.find(({ phase }) => phase === 'RECOVERING')?.reason).toMatch(
    /brought back from the last backup/,
  )
  const restored = events.findLast(({ step, state }) => step === 'restore' && state === 'done')
  expect(restored?.say).toMatch(/^Brought back \d+ files .*, and what was typed after the last backup$/)

  // And what the next generation does is backed up in turn.
  await backedUp(id)
  expect((await store.readHead(id))?.generation).toBe(2)
})

test('F-7 backups that fail for a while are told with their first failure and why, and no longer when they succeed again', async () => {
  await house.end()
  let ahead = 0
  await open({ clock: { ...realClock, now: () => Date.now() + ahead } })
  const { id } = await running()
  await backedUp(id)
  expect(await now(id)).not.toHaveProperty('backupTrouble')
  const objects = join(house.config.data, 'objects')

  await rename(objects, `${objects}-away`)
  await writeFile(at(id, 'workspace', 'new.txt'), 'new')
  // Told once failures have gone on for some seconds: those pass quickly here.
  const failing = await eventually(async () => {
    ahead += 500
    return (await now(id)).backupTrouble
  }, 20_000)
  expect(failing.say).toMatch(/The object store/)
  expect(failing.since).toBeLessThan(Date.now() + ahead - 4_000)

  await rename(`${objects}-away`, objects)
  await eventually(async () => (await now(id)).backupTrouble === undefined, 20_000)
})

test('F-9 a session that is lost before its first commit begins with the template and the log', async () => {
  await house.end()
  await open({}, { ...quick, commitMs: 3_600_000, shipMs: 20 })
  const { id } = await running()
  await eventually(async () => (await now(id)).committedAt !== null)
  await mkdir(at(id, 'state', 'log'))
  await writeFile(at(id, 'state', 'log', '1-0'), 'typed;')
  const store = await storeOf()
  await eventually(async () => (await store.list(`v1/repls/${id}/log/`)).length === 1)

  await lose(id)

  await eventually(async () => (await now(id)).generation === 2 && (await now(id)).phase === 'RUNNING')
  expect(await readFile(at(id, 'state', 'log', '1-0'), 'utf8')).toBe('typed;')
  expect(await readFile(at(id, 'workspace', 'main.py'), 'utf8')).toContain('print')
})

test('R-9 F-7 a sync that dies and comes back takes up the sessions again', async () => {
  const { id } = await running()
  await backedUp(id)
  const port = house.sync.port

  await house.sync.close()
  await writeFile(at(id, 'workspace', 'meanwhile.txt'), 'meanwhile')
  await house.syncAgain(port)

  await backedUp(id)
  const files = await house.zip(`/v1/repls/${id}/zip`, ada)
  expect(files['meanwhile.txt']).toBe('meanwhile')
})

/** Two machines: what is asked goes to the second as soon as the first is `lost`, though all of it is still alive. */
function twoMachines(data: string, run: string) {
  const machine = (name: string) => {
    const roots = { data: join(data, name), run: join(run, name) }
    const programs = join(import.meta.dirname, '../support/programs')
    return localSandbox({
      ...roots,
      ...isolationOf({ ...roots, programs, path: process.env['PATH'] ?? '' }, 'process'),
      surroundings: {
        build: 'test',
        collabUrl: 'ws://127.0.0.1:1',
        keysUrl: 'http://127.0.0.1:1',
        origins: [],
        lang: 'C.UTF-8',
        shell: '/bin/bash',
      },
      log: pino({ level: 'silent' }),
    })
  }
  const [first, second] = [machine('a'), machine('b')]
  const seen: { isLost: boolean; tell: (repl: string) => void } = { isLost: false, tell: () => undefined }
  const one = () => (seen.isLost ? second : first)
  const sandbox: Sandbox = {
    level: 'process',
    use: (repl) => one().use(repl),
    place: (repl) => one().place(repl),
    staging: (repl) => one().staging(repl),
    adoptStaging: (repl) => one().adoptStaging(repl),
    boot: (session) => one().boot(session),
    observe: (session) => one().observe(session),
    endBox: (repl) => one().endBox(repl),
    end: (repl) => one().end(repl),
    release: (repl) => one().release(repl),
    setAside: (repl) => one().setAside(repl),
    door: (repl) => one().door(repl),
    lastLines: (repl) => one().lastLines(repl),
    watch(tell) {
      seen.tell = tell
      return first.watch(tell)
    },
  }
  return { first, second, seen, sandbox }
}

test('F-3 F-10 of two live sandboxes the older is refused, parks what it had not backed up, and the repl says so', async () => {
  const machines = twoMachines(house.config.data, house.config.run)
  await house.restart({ sandbox: machines.sandbox })
  const { id } = await running()
  const old = await machines.first.place(id)
  await eventually(async () => (await now(id)).committedAt !== null)
  await mkdir(join(old.state, 'log'))
  await writeFile(join(old.state, 'log', '1-0'), 'typed;')
  const store = await storeOf()
  await eventually(async () => (await store.list(`v1/repls/${id}/log/`)).length === 1)

  machines.seen.isLost = true
  machines.seen.tell(id)
  await eventually(async () => (await now(id)).generation === 2)
  await writeFile(join(old.workspace, 'only-here.txt'), 'not backed up')
  await appendFile(join(old.state, 'log', '1-0'), 'typed too late;')

  const { orphans } = await eventually(async () => {
    const repl = await now(id)
    return repl.orphans === undefined ? undefined : repl
  })
  await house.until(id, ada, 'RUNNING')
  expect(orphans).toEqual([expect.objectContaining({ generation: 1, files: 1, bytes: 13 })])
  expect(orphans?.[0]?.say).toMatch(
    /overtaken by a newer one had not backed up 1 file \(13 B\) and \d+ B of typed text/,
  )
  const listed = await house.ask('GET', `/v1/repls/${id}/orphans`, { as: ada })
  expect(listed.orphans).toEqual(orphans)
  const files = await house.zip(`/v1/repls/${id}/orphans/${orphans?.[0]?.id}`, ada)
  expect(files).toEqual({ 'only-here.txt': 'not backed up' })
  const parked = await store.list(`v1/repls/${id}/orphans/1/`)
  expect(parked.map((key) => key.replace(/^.*\/(\w+)-.*$/, '$1'))).toEqual(['files', 'log'])

  // Nothing of the older one came after it was overtaken, and all of the newer one is there.
  const second = await machines.second.place(id)
  await writeFile(join(second.workspace, 'newer.txt'), 'newer')
  await eventually(async () => (await store.readHead(id))?.generation === 2)
  expect(await readFile(join(second.state, 'log', '1-0'), 'utf8')).toBe('typed;')
  await expect(stat(join(second.workspace, 'only-here.txt'))).rejects.toThrow('ENOENT')

  // Who may write brings it in: the running session's runner gets the log object and the zip, and it is no longer offered.
  const take = `/v1/repls/${id}/orphans/${orphans?.[0]?.id}/take`
  const invite = await house.ask('POST', `/v1/repls/${id}/invites`, { as: ada, body: { role: 'viewer' } })
  const { code } = invite.invite
  const grace = (await house.ask('POST', `/v1/invites/${code}/accept`, { body: { name: 'Grace' } })).person
  expect((await house.ask('POST', take, { as: grace, body: {} })).status).toBe(403)
  const { status, took } = await house.ask('POST', take, { as: ada, body: {} })
  expect([status, took]).toEqual([200, { edits: 1, files: 1, beside: 0 }])
  const { header, payload } = decodeFrame(await readFile(join(second.state, 'kept')))
  const work = KeptWork.parse(header)
  expect(work.of).toBe(1)
  const [piece] = decodeLogObject(payload.subarray(0, work.log)) ?? []
  expect(Buffer.from(piece?.content ?? []).toString()).toBe('typed too late;')
  expect(Object.keys(unzipSync(payload.slice(work.log)))).toEqual(['only-here.txt'])
  expect((await now(id)).orphans).toBeUndefined()
  expect((await house.ask('POST', take, { as: ada, body: {} })).status).toBe(404)
  await machines.first.end(id)
})

test('F-11 the workspace of a running or held session can be taken along, by who may read it, and not when there is none', async () => {
  const { id } = await running()
  await mkdir(at(id, 'workspace', 'deep'))
  await writeFile(at(id, 'workspace', 'deep', 'ünï.txt'), 'text')
  await symlink('/etc/hostname', at(id, 'workspace', 'outside'))
  const invite = await house.ask('POST', `/v1/repls/${id}/invites`, { as: ada, body: { role: 'viewer' } })
  const code = invite.invite.code
  const grace = (await house.ask('POST', `/v1/invites/${code}/accept`, { body: { name: 'Grace' } })).person
  const stranger = (
    await house.ask('POST', `/v1/invites/${await otherInvite()}/accept`, { body: { name: 'Eve' } })
  ).person

  const files = await house.zip(`/v1/repls/${id}/zip`, grace)

  expect(files['deep/ünï.txt']).toBe('text')
  expect(files['outside']).toBe('/etc/hostname')
  expect(Object.keys(files)).toContain('main.py')
  await expect(house.zip(`/v1/repls/${id}/zip`, stranger)).rejects.toThrow('404')
  await press(id, 'stop')
  await house.until(id, ada, 'STOPPED')
  await expect(house.zip(`/v1/repls/${id}/zip`, ada)).rejects.toThrow('not-running')
})

test('F-11 zips are made one a person and a few a repl, the next are refused in words, and all of it ends with its askers', async () => {
  const { id } = await running()
  const big = at(id, 'workspace', 'big.bin')
  await truncate(await created(big), 48 * 1024 * 1024)
  const { code } = (await house.ask('POST', `/v1/repls/${id}/invites`, { as: ada, body: { role: 'viewer' } }))
    .invite
  const guests: Person[] = []
  for (const name of ['Grace', 'Vic', 'Mallory'])
    guests.push((await house.ask('POST', `/v1/invites/${code}/accept`, { body: { name } })).person)
  const asking = new AbortController()
  /** Held: an answer that nobody can read any more is let go. */
  const unread: Response[] = []
  const asked = async (who: Person) => {
    const headers = { authorization: `Bearer ${house.config.serviceSecret}`, 'x-devex-person': who.id }
    const answer = await fetch(`${house.orchestrator.url}/v1/repls/${id}/zip`, {
      headers,
      signal: asking.signal,
    })
    unread.push(answer)
    return answer.ok ? 'given' : ((await answer.json()) as { error: { say: string } }).error.say
  }

  const answers = []
  for (const who of [ada, ada, ...guests]) answers.push(await asked(who))

  expect(answers).toEqual([
    'given',
    'You are downloading a zip already. Wait until it has come, or stop it.',
    'given',
    'given',
    'Others are downloading this right now. Try again in a moment.',
  ])
  await eventually(async () => (await openOf(big)) === 3)
  expect(unread).toHaveLength(5)
  asking.abort()
  await eventually(async () => (await openOf(big)) === 0)
  await rm(big)
  await eventually(async () => Object.keys(await house.zip(`/v1/repls/${id}/zip`, ada)).includes('main.py'))
})

async function created(path: string): Promise<string> {
  await writeFile(path, '')
  return path
}

/** How often this process, which sync is a part of here, holds the file open to zip it. */
async function openOf(path: string): Promise<number> {
  const fds = await readdir('/proc/self/fd')
  const paths = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return paths.filter((each) => each === path).length
}

async function otherInvite(): Promise<string> {
  const other = await aRepl(house, ada, 'other')
  const made = await house.ask('POST', `/v1/repls/${other.id}/invites`, { as: ada, body: { role: 'editor' } })
  return made.invite.code
}
