// Test part: serves the workbench alone, in front of a fake session, for real Chromium. Never shipped.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { buildBench } from '../app/bench-build.ts'
import { startFakeSession, type FakeSession, type Visit } from './fake-runner.ts'

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

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
  '.woff2': 'font/woff2',
}

export async function startBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-bench-'))
  await buildBench(folder)
  const session = await startFakeSession({ visitOf })
  session.rest.answer = (request, response) => {
    const { pathname } = new URL(request.url ?? '/', session.origin)
    readFile(join(folder, pathname)).then(
      (content) =>
        response.writeHead(200, { 'content-type': types[extname(pathname)] ?? 'text/plain' }).end(content),
      () => response.writeHead(404).end(),
    )
  }
  return {
    session,
    visit: async (browser, { who, role }, look = {}) => {
      const { width = 1440, height = 900, theme = 'dark' } = look
      const context = await browser.newContext({ viewport: { width, height } })
      const page = await context.newPage()
      const query = new URLSearchParams({ repl: session.repl, as: who.name, role, theme })
      await page.goto(`${session.origin}/bench.html?${query}`)
      return page
    },
    close: async () => {
      await session.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
