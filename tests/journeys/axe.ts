// What axe finds on a page as it is shown now: serious and critical findings alone, each with where it is.
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

/**
 * Within `part` (a CSS selector), else on the whole page; a frame is somebody else's page. The policy of our pages lets no
 * foreign script in, so axe comes by the debugger.
 */
export async function findings(page: Page, part?: string): Promise<string[]> {
  // Without motion nothing is measured half faded in.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.evaluate(`window.axe === undefined && (() => { ${axe} })()`)
  const where = part === undefined ? 'document' : JSON.stringify(part)
  const found = await page.evaluate<{ impact: string; id: string; nodes: { html: string }[] }[]>(
    `axe.run(${where}, { resultTypes: ["violations"], iframes: false, rules: { "target-size": { enabled: true } } }).then(({ violations }) => violations)`,
  )
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`)
}
