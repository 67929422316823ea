// The app's process while developing: the same server, its pages from Vite as they are saved. Bundled by dev.mjs; never part of a build.
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'
import { readConfig } from '../app/config.ts'
import { startApp } from '../app/start.ts'

/** From build/dev/, where this program is bundled to. */
const root = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..')
let vite

/** Vite's websocket is an upgrade of the app's own server, so that it comes through the front door like everything else. */
async function pages(server) {
  vite = await createServer({
    root,
    configFile: join(root, 'vite.config.ts'),
    cacheDir: join(root, 'build', 'vite'),
    server: { middlewareMode: true, hmr: { server } },
    appType: 'custom',
  })
  return {
    mode: 'development',
    files: vite.middlewares,
    build: () => vite.ssrLoadModule('virtual:remix/server-build'),
  }
}

const app = await startApp({ config: readConfig(process.env), pages })
process.send?.({ listening: app.port })

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await Promise.allSettled([vite.close(), app.close()])
    process.exit(0)
  })
}
