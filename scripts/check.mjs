// `npm run check`: types, lint, format, house and unit tests; stops at the first that fails.
import { spawnSync } from 'node:child_process'
import process from 'node:process'

const steps = [
  ['types of the servers', 'tsc', ['--noEmit', '-p', '.']],
  ['types of the pages', 'tsc', ['--noEmit', '-p', 'app']],
  ['types of the tests', 'tsc', ['--noEmit', '-p', 'tests']],
  [
    'lint',
    'oxlint',
    ['--quiet', 'app', 'collab-server', 'orchestrator', 'protocol', 'runner', 'tests', 'scripts'],
  ],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  ['house and unit tests', 'vitest', ['run', 'tests/house/', 'tests/protocol/', '--reporter', 'dot']],
]

for (const [name, command, args] of steps) {
  const begun = Date.now()
  const { status } = spawnSync(`node_modules/.bin/${command}`, args, { stdio: 'inherit' })
  if (status !== 0) {
    process.stderr.write(`check: ${name} failed\n`)
    process.exit(1)
  }
  process.stdout.write(`check: ${name} ok (${((Date.now() - begun) / 1000).toFixed(1)} s)\n`)
}
