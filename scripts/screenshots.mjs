// `npm run screenshots`: pictures of every page and state, light and dark, wide and narrow, into screenshots/ (git ignores it).
import { spawnSync } from 'node:child_process'
import process from 'node:process'
import { buildMissing } from './build.mjs'

await buildMissing()
const { status } = spawnSync(
  'node_modules/.bin/tsx',
  ['tests/journeys/pictures.ts', ...process.argv.slice(2)],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
