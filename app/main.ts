// Starts the app's server as a process of its own: environment in, signals handled, the parent told. Nothing else.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readConfig } from './config.ts'
import { startApp } from './start.ts'

/** Beside the built program (build/programs/app.js), or below the sources (app/main.ts). */
function findBuild(): string {
  const places = ['../app/', '../build/app/'].map((place) => fileURLToPath(new URL(place, import.meta.url)))
  const found = places.find((place) => existsSync(`${place}server/index.js`))
  if (found !== undefined) return found
  throw new Error('The pages are not built. Run: npm run build')
}

const app = await startApp({ config: readConfig(process.env), pages: findBuild() })
process.send?.({ listening: app.port })

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void app.close().then(() => process.exit(0)))
}
