// Runs the lines that are asked for (all of them, when none is) and keeps the table in RESULTS.md.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { Level } from '../../protocol/repl.ts'
import { root } from '../../scripts/build.mjs'
import { offeredLevels } from '../exams/cage-rig.ts'
import { seeded } from '../support/seeded.ts'
import { enter } from './enter.ts'
import { kill } from './kill.ts'
import type { Line } from './line.ts'
import { model } from './model.ts'
import { people } from './people.ts'
import { restarts } from './restarts.ts'

const lines: Record<string, Line> = { enter, kill, model, people, restarts }
const results = join(root, 'tests/soak/RESULTS.md')
const text = { type: 'string' } as const
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: text, rounds: text, minutes: text, level: text },
})
const unknown = positionals.filter((name) => !(name in lines))
if (unknown.length > 0) {
  process.stderr.write(`There is no line ${unknown.join(', ')}. Lines: ${Object.keys(lines).join(', ')}.\n`)
  process.exit(1)
}
const seed = Number(values.seed ?? 1)
const level = await chosenLevel(values.level)

let failed = 0
for (const [name, line] of Object.entries(lines)) {
  if (positionals.length === 0 || positionals.includes(name)) await run(name, line)
}
process.exit(failed === 0 ? 0 : 1)

/** The best that the machine offers, when none is asked for. */
async function chosenLevel(asked: string | undefined): Promise<Level> {
  const levels = await offeredLevels()
  const level = Level.options.find((each) => each === (asked ?? levels.at(-1)))
  if (level !== undefined && levels.includes(level)) return level
  process.stderr.write(`Level ${asked} is not to be had here. Levels: ${levels.join(', ')}.\n`)
  process.exit(1)
}

async function run(name: string, line: Line): Promise<void> {
  const rounds = Number(values.rounds ?? line.rounds)
  const minutes = Number(values.minutes ?? line.minutes)
  const begun = Date.now()
  let held = 0
  const say = (what: string): void => void process.stdout.write(`  ${name}: ${what}\n`)
  const passed = (round: number): void => {
    held = round
    const isTold = rounds === 0 ? round % 10 === 0 : round % Math.ceil(rounds / 10) === 0
    if (isTold) say(`${round} rounds, ${seconds(begun)} s`)
  }
  const row = line.hasLevels === true ? `${name} (${level})` : name
  process.stdout.write(`${row}: ${line.what} (seed ${seed})\n`)
  try {
    const until = begun + minutes * 60_000
    const counted = await line.run({ seed, level, rounds, random: seeded(seed), until, passed, say })
    if (held === 0) throw new Error('not one round was played: nothing was seen to hold')
    say(`${held} rounds held in ${seconds(begun)} s`)
    const what = counted === undefined ? line.what : `${line.what} (${counted})`
    keep(row, `| ${row} | ${what} | ${held} | ${seed} | ${seconds(begun)} s | ${today()} | ${commit()} |`)
  } catch (fault) {
    failed += 1
    say(`failed after ${held} rounds: ${inspect(fault)}`)
  }
}

function seconds(begun: number): number {
  return Math.round((Date.now() - begun) / 1000)
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
}

/** Replaces the row of this line; only runs that held have one. */
function keep(name: string, row: string): void {
  const page = existsSync(results) ? readFileSync(results, 'utf8') : ''
  const rows = page.split('\n').filter((line) => /^\| [a-z]/.test(line) && !line.startsWith(`| ${name} |`))
  const others = rows.filter((line) => !line.startsWith('| line |'))
  writeFileSync(
    results,
    `# Long runs

Made by \`npm run soak\`, each against freshly started processes (Node ${process.versions.node}, ${cpus().length} cores at the last run). A row is
written only by a run in which every round held; the seed tells the same story again.

| line | what held | rounds | seed | duration | date | commit |
| --- | --- | --- | --- | --- | --- | --- |
${[...others, row].sort().join('\n')}
`,
  )
}
