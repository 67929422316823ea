// Test part: serves the workbench by Vite from source in front of a fake session, for real Chromium. Never shipped.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import type { Browser, Page } from 'playwright-core'
import { createServer } from 'vite'
import { startFakeSession, type FakeSession, type Visit } from './fake-runner.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export type Bench = {
  session: FakeSession
  /** Opens the workbench as somebody in a context of their own. */
  visit: (browser: Browser, visit: Visit, look?: Look) => Promise<Page>
  close: () => Promise<void>
}
export type Look = { width?: number; height?: number; theme?: 'light' | 'dark' }

/** The person of a page is in its address, which the browser sends along as referrer. */
function visitOf(request: { headers: { referer?: string | undefined } }): Visit {
  const query = new URL(request.headers.referer ?? 'http://nobody/').searchParams
  const name = query.get('as') ?? 'Ada'
  const role = query.get('role')
  const id = name.toLowerCase().repeat(16).slice(0, 16)
  return { who: { id, name }, role: role === 'viewer' || role === 'editor' ? role : 'owner' }
}

export async function startBench(): Promise<Bench> {
  const session = await startFakeSession({ visitOf })
  const vite = await createServer({
    configFile: false,
    root,
    cacheDir: join(root, 'build', 'bench-cache'),
    appType: 'mpa',
    logLevel: 'error',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    plugins: [tailwindcss()],
    esbuild: { jsx: 'automatic' },
    resolve: {
      alias: { 'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor' },
      dedupe: ['yjs', 'react', 'react-dom'],
    },
    worker: { format: 'es' },
    optimizeDeps: { entries: ['tests/browser/bench.tsx'] },
  })
  session.rest.answer = (request, response) => vite.middlewares(request, response)
  return {
    session,
    visit: async (browser, { who, role }, look = {}) => {
      const { width = 1440, height = 900, theme = 'dark' } = look
      const context = await browser.newContext({ viewport: { width, height } })
      const page = await context.newPage()
      const query = new URLSearchParams({ repl: session.repl, as: who.name, role, theme })
      await page.goto(`${session.origin}/tests/browser/bench.html?${query}`)
      return page
    },
    close: async () => {
      await vite.close()
      await session.close()
    },
  }
}
