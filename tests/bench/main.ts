// Runs every bench line against the built product and its floors, prints them, writes RESULTS.md.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { root } from '../../scripts/build.mjs'
import { judged } from './figures.ts'
import type { Line } from './figures.ts'
import { measureCollab } from './collab.ts'
import { measureNeighbour } from './neighbour.ts'
import { measureStart } from './start.ts'
import { measureTerminal } from './terminal.ts'
import { measureWeight } from './weight.ts'

const parts: Record<string, () => Promise<Line[]>> = {
  start: measureStart,
  collab: measureCollab,
  terminal: measureTerminal,
  weight: measureWeight,
  neighbour: measureNeighbour,
}

const asked = process.argv.slice(2)
const lines: Line[] = []
for (const [name, measure] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  process.stdout.write(`measuring ${name} …\n`)
  for (const line of await measure()) {
    lines.push(line)
    process.stdout.write(`  ${row(line)}\n`)
  }
}
if (asked.length === 0) writeFileSync(join(root, 'tests/bench/RESULTS.md'), page(lines))
process.exit(0)

function row(line: Line): string {
  const floor = line.floor === undefined ? '–' : `${line.floor.toFixed(2)} ${line.unit}`
  const ratio = line.floor === undefined ? '–' : `${judged(line).toFixed(2)} ×`
  const target = line.floor === undefined ? `≤ ${line.target} ${line.unit}` : `≤ ${line.target} ×`
  const met = judged(line) <= line.target ? 'met' : 'missed'
  return `| ${line.name} | ${line.value.toFixed(2)} ${line.unit} | ${floor} | ${ratio} | ${target} | ${met} |`
}

function page(all: readonly Line[]): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
  return `# Figures

Made by \`npm run bench\` at ${commit} on ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} cores, everything on one
machine behind the same front door. Times vary with the machine: the ratios to the floors of the same run are what counts.

| what | ours | floor | ratio | target | |
|---|---|---|---|---|---|
${all.map(row).join('\n')}
`
}
