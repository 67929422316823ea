// `npm run soak [-- line …] [--seed N] [--rounds N] [--minutes N] [--level L]`: builds, then the long runs; results go to tests/soak/RESULTS.md.
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { buildMissing } from './build.mjs'

await buildMissing()
const { status } = spawnSync('node_modules/.bin/tsx', ['tests/soak/main.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
