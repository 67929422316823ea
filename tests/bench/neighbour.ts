// Key to echo in grace's terminal while ada's box does its worst: at the best isolation, and where no kernel group bounds it.
import { offeredLevels } from '../exams/cage-rig.ts'
import { eventually } from '../support/eventually.ts'
import { startProduct } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import { quantile, sleep } from './figures.ts'
import type { Line } from './figures.ts'
import { keysOf } from './terminal.ts'
import { measureEcho } from './terminal/echo.ts'

const keys = { warmups: 10, samples: 150 }
/** Milliseconds that an attack gets to be at its worst before keys are typed. */
const riseMs = 3_000
/** Milliseconds for an echo under attack that nobody calls usable. */
const targetMs = 100

const attacks = {
  'a fork bomb': 'bomb() { bomb | bomb & }; bomb',
  'a memory hog': 'while :; do python3 -c "x=[bytearray(1<<20) for _ in range(100000)]"; done',
  'a disk filler': 'while :; do cat /dev/zero > big; done',
  '64 busy loops': 'for i in $(seq 64); do (while :; do :; done) & done',
}

async function measureAt(level: string): Promise<Line[]> {
  const product = await startProduct({ args: ['--isolation', level] })
  const owner = await Visitor.arrive(product.link)
  const line = (name: string, times: number[]): Line => ({
    name: `neighbour's echo, ${name}, ${level}, p95`,
    value: quantile(times, 0.95),
    unit: 'ms',
    target: targetMs,
  })
  const grace = await owner.start((await owner.create('grace', 'python')).id)
  const lines = [line('nobody attacks', await measureEcho(await keysOf(grace), keys))]
  for (const [name, command] of Object.entries(attacks)) {
    const repl = await owner.create(name, 'python')
    const ada = await owner.start(repl.id)
    const attack = await keysOf(ada)
    attack.onOutput(() => undefined)
    const calm = await keysOf(grace)
    attack.type(`${command}\r`)
    await sleep(riseMs)
    lines.push(line(name, await measureEcho(calm, keys)))
    ada.leave()
    await owner.post(`/repl/${repl.id}/stop`)
    await eventually(
      async () => (await owner.repls()).some(({ id, phase }) => id === repl.id && phase === 'STOPPED'),
      120_000,
    )
  }
  grace.leave()
  await product.stop()
  product.clean()
  return lines
}

export async function measureNeighbour(): Promise<Line[]> {
  const levels = (await offeredLevels()).filter((level) => level.startsWith('bwrap+net'))
  const lines: Line[] = []
  for (const level of levels) lines.push(...(await measureAt(level)))
  return lines
}
