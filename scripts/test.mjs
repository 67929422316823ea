// `npm test`: sees that the machine has what tests want, builds, runs everything, ends with "N passed, N failed".
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { buildMissing, root } from './build.mjs'
import { missingParts } from './parts.mjs'

const names = process.argv.slice(2)

function setup() {
  if (missingParts().length === 0) return
  if (process.env.CI === 'true' && process.getuid?.() === 0)
    spawnSync('bash', [join(root, 'scripts/setup-tests.sh')], { stdio: 'inherit' })
  for (const part of missingParts()) {
    process.stdout.write(
      `not tested here: ${part.tests} (this machine lacks ${part.name}; get it with: npm run setup:tests)\n`,
    )
  }
}

function run() {
  const folder = mkdtempSync(join(tmpdir(), 'devex-test-'))
  const report = join(folder, 'report.json')
  const args = ['run', '--passWithNoTests', ...names.map((name) => `tests/${name}/`)]
  const reporters = ['--reporter', 'default', '--reporter', 'json', '--outputFile.json', report]
  const { status } = spawnSync(join(root, 'node_modules/.bin/vitest'), [...args, ...reporters], {
    stdio: 'inherit',
    cwd: root,
  })
  const result = JSON.parse(readFileSync(report, 'utf8'))
  rmSync(folder, { recursive: true })
  return { status, result }
}

setup()
await buildMissing()
const { status, result } = run()
const failedFiles = result.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.every((one) => one.status !== 'failed'),
).length
const failed = result.numFailedTests + failedFiles
const skipped = result.numPendingTests > 0 ? `, ${result.numPendingTests} skipped` : ''
process.stdout.write(`${result.numPassedTests} passed, ${failed} failed${skipped}\n`)
process.exit(status === 0 && failed === 0 ? 0 : 1)
