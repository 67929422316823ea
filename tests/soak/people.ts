// Two people and tools at the same files for as long as is asked: at every quiet moment all of them and the disk hold the same.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import type { WebsocketProvider } from 'y-websocket'
import type * as Y from 'yjs'
import { edit, toolEdit } from '../fuzz/edits.ts'
import { eventually } from '../support/eventually.ts'
import { workspaceIn } from '../support/picture.ts'
import { Visitor } from '../support/visitor.ts'
import { inProduct, type Line, type Soak } from './line.ts'

/** People and tools change the first; people alone the second, so that nothing of theirs may vanish from it. */
const files = { shared: 'shared.txt', kept: 'kept.txt' }
const waitMs = 20_000
/** Steps between two quiet moments. */
const stepsPerRound = 60
/** Longest pause between two steps in milliseconds. */
const pauseMs = 20

type Place = { doc: Y.Doc; text: Y.Text; provider: WebsocketProvider }
type Desk = { shared: Place; kept: Place }

export const people: Line = {
  what: 'two people and tools at random, connections lost in between: all equal at each quiet moment, nothing kept was lost',
  rounds: 0,
  minutes: 10,
  run: inProduct(async (soak) => {
    const { id } = await soak.owner.create('soak people', 'python')
    const ada = await soak.owner.start(id)
    const folder = workspaceIn(soak.product.data, id)
    for (const file of Object.values(files)) writeFileSync(join(folder, file), 'begin\n')
    const guest = await Visitor.arrive(await soak.owner.invite(id, 'editor'), { name: 'Grace' })
    const inside = [ada, await guest.enter(id)]
    const desks = await Promise.all(
      inside.map(async (who) => ({
        shared: await eventually(() => who.edit(files.shared)),
        kept: await eventually(() => who.edit(files.kept)),
      })),
    )
    const marks: string[] = []
    for (let round = 1; Date.now() < soak.until; round++) {
      for (let step = 0; step < stepsPerRound; step++)
        await oneStep({ ...soak, desks, folder, marks }, `${round}.${step}`)
      await quiet({ desks, folder, marks }, round)
      soak.passed(round)
    }
    for (const who of inside) who.leave()
    await soak.owner.post(`/repl/${id}/stop`)
  }),
}

type Table = { desks: Desk[]; folder: string; marks: string[] }

async function oneStep({ random, desks, folder, marks }: Table & Soak, name: string): Promise<void> {
  const desk = desks[random(desks.length)]
  if (desk === undefined) return
  const shared = join(folder, files.shared)
  const what = random(100)
  if (what < 60) edit(desk.shared, random)
  else if (what < 80) {
    const mark = `<${name}>`
    marks.push(mark)
    desk.kept.text.insert(random(2) === 0 ? 0 : desk.kept.text.length, mark)
  } else if (what < 88) writeFileSync(shared, toolEdit(readFileSync(shared, 'utf8'), random))
  else if (what < 94)
    spawnSync('bash', ['-c', `sed 's/let/var/' ${files.shared} > t && mv t ${files.shared}`], { cwd: folder })
  else if (what < 97) desk.shared.provider.disconnect()
  else for (const place of [desk.shared, desk.kept]) place.provider.connect()
  await after(random(pauseMs))
}

/** Everybody comes back; then all texts and the disk become the same and stay so. */
async function quiet({ desks, folder, marks }: Table, round: number): Promise<void> {
  for (const desk of desks) for (const place of [desk.shared, desk.kept]) place.provider.connect()
  for (const which of ['shared', 'kept'] as const) {
    const texts = (): string[] => [
      readFileSync(join(folder, files[which]), 'utf8'),
      ...desks.map((desk) => desk[which].text.toString()),
    ]
    await eventually(
      () => desks.every((desk) => desk[which].provider.synced) && new Set(texts()).size === 1,
      waitMs,
    ).catch(() => {
      throw new Error(
        `round ${round}: ${files[which]} differs: ${difference(
          texts(),
          desks.map((desk) => desk[which]),
        )}`,
      )
    })
  }
  const kept = readFileSync(join(folder, files.kept), 'utf8')
  const lost = marks.filter((mark) => kept.split(mark).length !== 2)
  if (lost.length > 0) throw new Error(`round ${round}: lost or doubled: ${lost.join(' ')}`)
}

/** Who holds what, from where the texts part. */
function difference(texts: string[], places: Place[]): string {
  const [first = '', ...others] = texts
  const parts = others.map((other) => {
    let at = 0
    while (at < first.length && first[at] === other[at]) at += 1
    return at
  })
  const from = Math.max(0, Math.min(...parts) - 20)
  const holders = ['disk', ...places.map((_place, i) => `person ${i}`)]
  const rows = texts.map(
    (text, i) => `${holders[i]} (${text.length}): ${JSON.stringify(text.slice(from, from + 120))}`,
  )
  const links = places.map(
    ({ provider, doc }) =>
      `connected ${provider.wsconnected}, synced ${provider.synced}, pending ${doc.store.pendingStructs !== null || doc.store.pendingDs !== null}`,
  )
  return [...rows, ...links].join('\n')
}
