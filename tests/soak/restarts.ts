// Start and stop again and again: people type, a shell does what it likes, the folder is removed, and everything comes back.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { command } from '../fuzz/commands.ts'
import { edit } from '../fuzz/edits.ts'
import { eventually } from '../support/eventually.ts'
import { picture, workspaceIn } from '../support/picture.ts'
import type { Inhabitant } from '../support/visitor.ts'
import { inProduct, type Line, type Soak } from './line.ts'

const typed = 'typed.txt'
const waitMs = 60_000

export const restarts: Line = {
  what: 'stop, folder removed, start: the tree and the text came back equal',
  rounds: 50,
  minutes: 0,
  run: inProduct(async (soak) => {
    const { id } = await soak.owner.create('soak restarts', 'python')
    let inside = await soak.owner.start(id)
    spawnSync('touch', [typed], { cwd: workspaceIn(soak.product.data, id) })
    for (let round = 1; round <= soak.rounds; round++) {
      const folder = workspaceIn(soak.product.data, id)
      const text = await work(soak, { inside, folder })
      const before = picture(folder)
      inside.leave()
      await soak.owner.post(`/repl/${id}/stop`)
      await eventually(() => !existsSync(folder), waitMs)
      rmSync(folder, { recursive: true, force: true })
      inside = await soak.owner.start(id, waitMs)
      same({ round, what: 'the tree' }, before, picture(workspaceIn(soak.product.data, id)))
      same({ round, what: 'the text' }, text, (await inside.edit(typed)).text.toString())
      soak.passed(round)
    }
    inside.leave()
    await soak.owner.post(`/repl/${id}/stop`)
  }),
}

/** Edits and commands; answers the text that is then on the disk. */
async function work({ random }: Soak, of: { inside: Inhabitant; folder: string }): Promise<string> {
  const { doc, text } = await eventually(() => of.inside.edit(typed))
  for (let left = 1 + random(30); left > 0; left--) edit({ doc, text }, random)
  const commands = Array.from({ length: random(20) }, () => command(random))
  spawnSync('bash', ['-c', commands.join('\n')], { cwd: of.folder })
  await eventually(() => readFileSync(join(of.folder, typed), 'utf8') === text.toString())
  return text.toString()
}

function same(of: { round: number; what: string }, before: unknown, after: unknown): void {
  if (isDeepStrictEqual(before, after)) return
  throw new Error(
    `round ${of.round}: ${of.what} changed\nbefore ${JSON.stringify(before, null, 1)}\nafter ${JSON.stringify(after, null, 1)}`,
  )
}
