// `npm run bench [part …]`: builds, then measures; figures go to tests/bench/RESULTS.md.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { buildMissing } from './build.mjs'

await buildMissing()
const { status } = spawnSync('node_modules/.bin/tsx', ['tests/bench/main.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
