// Weight of the pages: gzip bytes of scripts and styles that a browser fetches for the dashboard, and for the IDE before the editor paints.
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { launchBrowser, newPersonPage } from '../support/browser.ts'
import { startProduct } from '../support/product.ts'
import type { Line } from './figures.ts'

/** Adds up gzip sizes of every script and style sheet that arrives, until the returned function is called. */
function weigh(page: Page): () => Promise<number> {
  const bodies: Array<Promise<number>> = []
  page.on('response', (response) => {
    if (!/\.(js|css)(\?|$)/.test(response.url())) return
    bodies.push(
      response.body().then(
        (body) => gzipSync(body, { level: 9 }).length,
        () => 0,
      ),
    )
  })
  return async () => (await Promise.all(bodies)).reduce((sum, bytes) => sum + bytes, 0)
}

export async function measureWeight(): Promise<Line[]> {
  const product = await startProduct()
  const browser = await launchBrowser()
  const { page, context } = await newPersonPage(browser)
  await page.goto(product.link)
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.waitForURL(`${product.url}/`)
  const fresh = await context.newPage()
  const dashboard = weigh(fresh)
  await fresh.goto(`${product.url}/`, { waitUntil: 'networkidle' })
  const dashboardBytes = await dashboard()
  const created = await fresh.evaluate(async () => {
    const answer = await fetch('/repls', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"weight","template":"python"}',
    })
    const { repl } = (await answer.json()) as { repl: { id: string } }
    await fetch(`/repl/${repl.id}/start`, { method: 'POST' })
    return repl.id
  })
  const ide = weigh(page)
  await page.goto(`${product.url}/repl/${created}`)
  await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 })
  const ideBytes = await ide()
  await browser.close()
  await product.stop()
  product.clean()
  return [
    { name: 'dashboard, gzip', value: dashboardBytes / 1000, unit: 'kB', target: 250 },
    { name: 'IDE before the editor paints, gzip', value: ideBytes / 1e6, unit: 'MB', target: 1.6 },
  ]
}
