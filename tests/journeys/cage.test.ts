// The whole product at the best level of this machine: the orchestrator killed at each step of a start, and data of a weaker level before.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import { workspaceIn } from '../support/picture.ts'
import { programsOf, serverOf, slay } from '../support/processes.ts'
import { ownedProduct } from '../support/owned-product.ts'
import { startProduct } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'

const best = (await offeredLevels()).at(-1)
const here = ownedProduct()

const phaseOf = async (repl: string) => (await here.owner.repls()).find(({ id }) => id === repl)?.phase

test('S-2 the best level there is is chosen, and said', async () => {
  expect(here.product.output()).toContain(
    best === 'process' ? 'without isolation (level process)' : `isolated (level ${best})`,
  )
  const repl = await here.owner.create('level', 'python')
  const ada = await here.owner.start(repl.id)

  expect(ada.doors.level).toBe(best)

  ada.leave()
  await here.owner.post(`/repl/${repl.id}/stop`)
  await eventually(async () => (await phaseOf(repl.id)) === 'STOPPED', 30_000)
})

test('S-4 R-3 an orchestrator killed at any step of a start leaves one session that the next brings to its end', async () => {
  const hash = createHash('sha256').update(here.product.data).digest('hex').slice(0, 8)
  const run = join(tmpdir(), `devex-${userInfo().uid}-${hash}`)
  const sandbox = (repl: string) => join(here.product.data, 'sandboxes', repl)
  const knows = (repl: string, name: string) => {
    const file = join(sandbox(repl), 'processes.json')
    return existsSync(file) && readFileSync(file, 'utf8').includes(`"${name}":{"pid"`)
  }
  const moments: Record<string, (repl: string) => boolean> = {
    'while it restores': (repl) => existsSync(join(sandbox(repl), 'staging')),
    'while the box is spawned': (repl) => existsSync(join(run, repl, 'box.json')),
    'when the box is known': (repl) => knows(repl, 'box'),
    'while the runner is spawned': (repl) => existsSync(join(run, repl, 'runner.json')),
  }
  for (const [name, isNow] of Object.entries(moments)) {
    const repl = await killedAt(name, { isNow, isPast: (id) => knows(id, 'runner') })

    const ada = await eventually(() => here.owner.enter(repl.id), 40_000)

    for (const program of ['box', 'runner'] as const)
      expect([name, program, programsOf(repl.id, program).length]).toEqual([name, program, 1])
    ada.leave()
    await here.owner.post(`/repl/${repl.id}/stop`)
    await eventually(async () => (await phaseOf(repl.id)) === 'STOPPED', 40_000)
    for (const program of ['box', 'runner'] as const)
      expect([name, program, programsOf(repl.id, program)]).toEqual([name, program, []])
    expect(processesWith(repl.id)).toEqual([])
  }
})

/** A new repl whose start met the kill at this moment. Moments are short: on a busy machine a start may be past it unseen. */
async function killedAt(
  name: string,
  { isNow, isPast }: Record<'isNow' | 'isPast', (repl: string) => boolean>,
): Promise<{ id: string }> {
  for (let trial = 0; trial < 5; trial++) {
    const repl = await here.owner.create(`${name} ${trial}`, 'python')
    const orchestrator = await eventually(() => serverOf(here.product.pid, 'orchestrator'), 20_000)
    await here.owner.post(`/repl/${repl.id}/start`)
    await eventually(() => isNow(repl.id) || isPast(repl.id), 40_000)
    if (isNow(repl.id)) {
      await slay(orchestrator)
      return repl
    }
    await here.owner.post(`/repl/${repl.id}/stop`)
    await eventually(async () => (await phaseOf(repl.id)) === 'STOPPED', 40_000)
  }
  throw new Error(`five starts went past the moment ${name}`)
}

/** Everything on this machine that names the repl in its command. */
function processesWith(repl: string): string[] {
  const lines = execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(repl))
}

test('S-5 a session that ran at another level before is entered with all its files, and they can be written', async () => {
  const repl = await here.owner.create('before', 'python')
  await here.product.stop()
  here.product = await startProduct({ data: here.product.data, args: ['--isolation', 'process'] })
  here.owner = await Visitor.arrive(here.product.link)
  const ada = await here.owner.start(repl.id)
  expect(ada.doors.level).toBe('process')
  const workspace = workspaceIn(here.product.data, repl.id)
  writeFileSync(join(workspace, 'mine.txt'), 'made before\n', { mode: 0o600 })
  const orchestrator = serverOf(here.product.pid, 'orchestrator')
  ada.leave()
  await here.product.kill()
  await eventually(
    () => programsOf(repl.id, 'runner').length === 1 && !existsSync(`/proc/${orchestrator}`),
    20_000,
  )

  here.product = await startProduct({ data: here.product.data })
  here.owner = await Visitor.arrive(here.product.link)
  const again = await eventually(async () => {
    const entered = await here.owner.enter(repl.id)
    return entered.doors.level === best ? entered : null
  }, 40_000)

  const text = await again.edit('mine.txt')
  expect(text.text.toString()).toBe('made before\n')
  text.text.insert(0, 'now: ')
  await eventually(() => readFileSync(join(workspace, 'mine.txt'), 'utf8') === 'now: made before\n', 20_000)
  again.leave()
})
