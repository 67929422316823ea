// What one box may use: a bomb and a hog in ada's leave grace's usable, and her own box alive.
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { boxPrograms, CageRig, type Caged, offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'

/** With and without the kernel's groups: the one is watched, the other bounded. */
const levels = (await offeredLevels()).filter(
  (level) => level === 'bwrap+net' || level === 'bwrap+net+cgroup',
)
const MiB = 1024 ** 2
const limits = { processes: 100, memoryBytes: 256 * MiB, diskBytes: 128 * MiB }

let programs: Awaited<ReturnType<typeof boxPrograms>>
beforeAll(async () => void (programs = await boxPrograms()))
afterAll(() => programs.remove())

/** Processes of this machine that run as the owner of a sandbox's files. */
async function processesOf(owner: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const owners = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
      return /^State:\s+Z/m.test(status) ? 0 : Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])
    }),
  )
  return pids.filter((_, index) => owners[index] === owner)
}

describe.each(levels)('isolation %s', (level) => {
  let rig: CageRig
  let a: Caged
  let b: Caged
  let endWatch: () => void
  beforeEach(async () => {
    rig = await CageRig.open(level, programs.folder, { ...limits, runnerBytes: 200 * MiB })
    endWatch = rig.driver().watch(() => undefined)
    ;[a, b] = await Promise.all([rig.session(), rig.session()])
  })
  afterEach(async () => {
    endWatch()
    await Promise.all([a.release(), b.release()])
    await rig.close()
  })

  const stillAnswers = async (who: Caged) => expect((await who.run('echo here')).output).toContain('here')

  test('S-3 S-4 a fork bomb stops at its bound, grace’s box answers, and the end leaves no process of it', async () => {
    await a.client.open('bomb() { bomb | bomb & }; bomb; sleep 100')
    const root = await a.box()
    await eventually(async () => ((await a.sandbox.use(a.session.repl))?.processes ?? 0) > 60, 20_000)

    await stillAnswers(b)

    const use = await a.sandbox.use(a.session.repl)
    expect(use?.processes).toBeLessThan(limits.processes + 64)
    const owner = Number(
      await readFile(join(rig.data, 'sandboxes', a.session.repl, 'owner'), 'utf8').catch(() => '-1'),
    )
    await a.sandbox.end(a.session.repl)
    expect(await processesOf(owner)).toEqual([])
    expect(root).toBeGreaterThan(1)
  })

  test('S-3 a program that takes all memory is ended; its box and grace’s live on', async () => {
    const hog = await a.run('python3 -c "x=[bytearray(1<<20) for _ in range(4000)]"; echo "ended $?"')

    expect(hog.output).toMatch(/ended 137/)
    await stillAnswers(a)
    await stillAnswers(b)
  })

  test('S-3 a runner that takes more memory than it may is ended; its box and shells live on, for the next runner', async () => {
    const { sandbox, session, client } = a
    const shell = await client.open()
    client.type(shell, 'n=before\r')

    const asked = request({ socketPath: sandbox.door(session.repl).socket, path: '/grow' })
    asked.on('error', () => undefined).end()

    await eventually(async () => !(await sandbox.observe(session)).runner, 20_000)
    expect(await sandbox.observe(session)).toMatchObject({ runner: false, box: true })
    expect(await sandbox.boot(session)).toEqual({ runner: true, box: false })
    client.type(shell, 'echo $n and after\r')
    await eventually(() => client.output(shell).includes('before and after'))
    expect((await sandbox.observe(session)).runner).toBe(true)
    expect((await b.sandbox.observe(b.session)).runner).toBe(true)
  })

  test('S-3 what a sandbox uses can be asked', async () => {
    const use = await b.sandbox.use(b.session.repl)

    expect(use?.memoryBytes).toBeGreaterThan(10 * MiB)
    expect(use?.processes).toBeGreaterThanOrEqual(4)
    expect(use?.diskBytes).toBeGreaterThan(0)
    expect(use?.limits).toEqual(limits)
    await b.sandbox.end(b.session.repl)
    expect(await rig.driver().use(b.session.repl)).toBeNull()
  })
})
