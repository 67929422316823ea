// Kill points by the dozen for every kind of victim, in several installations side by side; counts what was acknowledged.
import { cpus } from 'node:os'
import { type Kind, kindsAt } from '../support/kinds.ts'
import { faultsOf, Killing, type Outcome } from '../support/killing.ts'
import { seeded } from '../support/seeded.ts'
import type { Line, Soak } from './line.ts'

/** Installations at the same time: a point mostly waits, but two of them fill two cores. */
const lanes = Math.min(2, cpus().length)

/** What is counted, over all lanes; `isOver` once one of them has failed. */
type Table = { points: number; logged: number; saved: number; isOver: boolean }

export const kill: Line = {
  what: 'kill -9 of every process (in cages those around runner and box, too), every two of ours, the link, and in a stop, authors in the same instant: every logged line there once after it, and again out of the store; no process left, people told, the session whole again by itself',
  hasLevels: true,
  rounds: 50,
  minutes: 0,
  run: async (soak) => {
    const table: Table = { points: 0, logged: 0, saved: 0, isOver: false }
    const kinds = kindsAt(soak.level)
    const waiting = [...kinds].map(([name, kind], at) => ({ name, kind, seed: soak.seed + at }))
    const ends = await Promise.allSettled(Array.from({ length: lanes }, () => lane(soak, table, waiting)))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
    return `${table.points} points of ${kinds.size} kinds, ${table.logged} lines told to be logged, ${table.saved} of them saved: 0 lost, 0 doubled, 0 processes left`
  },
}

type Waiting = { name: string; kind: Kind; seed: number }

/** Takes one kind after another until none waits. */
async function lane(soak: Soak, table: Table, waiting: Waiting[]): Promise<void> {
  const killing = new Killing(soak.random, soak.level)
  let hasFailed = true
  try {
    await killing.start()
    for (let next = waiting.shift(); next !== undefined && !table.isOver; next = waiting.shift())
      await ofKind(soak, table, { ...next, killing })
    hasFailed = false
  } catch (fault) {
    soak.say(`its folder is kept: ${killing.installation.base}`)
    throw fault
  } finally {
    table.isOver ||= hasFailed
    await killing.stop(hasFailed)
  }
}

async function ofKind(soak: Soak, table: Table, of: Waiting & { killing: Killing }): Promise<void> {
  const { name, kind, seed, killing } = of
  const begun = Date.now()
  let [logged, saved] = [0, 0]
  await killing.another(seeded(seed))
  for (let point = 1; point <= soak.rounds && !table.isOver; point += 1) {
    const outcome = await killing.point(kind).catch((fault: unknown) => {
      throw new Error(`${name}, seed ${seed}, point ${point}`, { cause: fault })
    })
    refuse(outcome, `${name}, seed ${seed}, point ${point}`)
    logged += outcome.logged
    saved += outcome.saved
    table.points += 1
    soak.passed(table.points)
  }
  const last = await killing.turn()
  refuse(last, `${name}, seed ${seed}, at the end`)
  table.logged += logged
  table.saved += saved
  const seconds = Math.round((Date.now() - begun) / 1000)
  soak.say(`${name}: ${soak.rounds} points, ${logged} lines logged, ${saved} saved, ${seconds} s`)
}

function refuse(outcome: Outcome, where: string): void {
  const faults = faultsOf(outcome)
  if (faults.length > 0) throw new Error(`${where}: ${faults.join('; ')}`)
}
