// Takes the named pictures: starts the product, walks two people through every page and state, in every look.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { root } from '../../scripts/build.mjs'
import { launchBrowser, newPersonPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import { Visitor } from '../support/visitor.ts'
import * as screen from './screen.ts'

type Look = { colorScheme: 'light' | 'dark'; width: number; height: number; isPhone?: boolean }
const looks: Look[] = [
  { colorScheme: 'dark', width: 1440, height: 900 },
  { colorScheme: 'light', width: 1440, height: 900 },
  { colorScheme: 'dark', width: 390, height: 844, isPhone: true },
  { colorScheme: 'light', width: 390, height: 844, isPhone: true },
]
const folder = join(root, 'screenshots')

const program = `from collections import Counter


def most_common(words, n):
    """The n words that occur most often, with their counts."""
    counts = Counter(words)
    return counts.most_common(n)


if __name__ == "__main__":
    text = "the quick brown fox jumps over the lazy dog the end"
    for word, count in most_common(text.split(), 3):
        print(f"{word:<8}{count}")
`

const product = await startProduct()
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const browser = await launchBrowser()
const asked = looks.filter(
  (one) => !process.argv[2] || `${one.colorScheme}-${one.width}`.includes(process.argv[2]),
)
try {
  for (const look of asked) await takeFirst(browser, product, look)
  for (const look of asked) {
    await takeAll(browser, product, look).catch(async (fault) => {
      for (const context of browser.contexts()) {
        for (const [i, page] of context.pages().entries())
          await page.screenshot({ path: join(folder, `fault-${i}-${Date.now()}.png`) })
      }
      throw fault
    })
  }
} finally {
  await browser.close()
  await product.stop()
  product.clean()
}
process.stdout.write(`pictures are in ${folder}\n`)
process.exit(0)

async function ownerLink(running: Product): Promise<string> {
  const { spawnSync } = await import('node:child_process')
  const { stdout } = spawnSync(
    process.execPath,
    [join(root, 'build/programs/up.js'), 'login', '--data', running.data],
    { encoding: 'utf8' },
  )
  const link = /http:\/\/\S+\/welcome\/[a-z2-7]{32}/.exec(stdout)?.[0]
  if (link === undefined) throw new Error(`no link: ${stdout}`)
  return link
}

type Take = (page: Page, name: string) => Promise<void>

function taker(look: Look): Take {
  return async (page, name) => {
    await page.waitForLoadState('load')
    await page.evaluate(() =>
      Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined))),
    )
    await page.screenshot({ path: join(folder, `${name}.${look.colorScheme}-${look.width}.png`) })
  }
}

async function signIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.getByRole('heading', { name: 'Your REPLs' }).waitFor()
}

/** What is seen before there is any REPL, and links that lead nowhere. */
async function takeFirst(of: Browser, running: Product, look: Look): Promise<void> {
  const take = taker(look)
  const { page, context } = await newPersonPage(of, look)
  await page.goto(await ownerLink(running))
  await take(page, '01-welcome')
  await signIn(page)
  await take(page, '02-dashboard-empty')
  await page.goto(`${running.url}/welcome/${'a'.repeat(32)}`)
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.getByRole('alert').waitFor()
  await take(page, '12-link-unknown')
  await page.goto(`${running.url}/nowhere`)
  await take(page, '13-not-found')
  await context.close()
}

/** All states in one look; each look has a REPL of its own. */
async function takeAll(of: Browser, running: Product, look: Look): Promise<void> {
  const tag = `${look.colorScheme}-${look.width}`
  const take = taker(look)
  const isNarrow = look.width < 900
  const ada = await newPersonPage(of, look)
  const { page } = ada
  await page.goto(await ownerLink(running))
  await signIn(page)
  await page.getByRole('button', { name: 'New REPL' }).first().click()
  await page.getByRole('dialog').waitFor()
  await take(page, '03-new-repl')
  await page.getByText('Python', { exact: true }).click()
  const name = `word-count ${tag}`
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Create and start' }).click()
  await page
    .getByRole('list', { name: /steps/i })
    .waitFor()
    .catch(() => undefined)
  await take(page, '04-starting')
  await page.getByTestId('workbench').waitFor({ timeout: 60_000 })
  const id = new URL(page.url()).pathname.split('/')[2] ?? ''
  await peopled({ page, take, isNarrow, id, of, look, running, name })
  await page.goto(`${running.url}/`)
  await page.getByRole('heading', { name: 'Your REPLs' }).waitFor()
  await take(page, '11-dashboard')
  await ada.context.close()
}

type Scene = {
  page: Page
  take: Take
  isNarrow: boolean
  id: string
  of: Browser
  look: Look
  running: Product
  name: string
}

/** The workbench with two people, its dialogs, the invite page, and the stopped page. */
async function peopled(scene: Scene): Promise<void> {
  const { page, take, isNarrow, id } = scene
  const show = async (panel: RegExp): Promise<void> => {
    if (isNarrow)
      await page.getByRole('navigation', { name: 'Panels' }).getByRole('button', { name: panel }).click()
  }
  const link = await linkFor(page, scene.running, id)
  const grace = await newPersonPage(scene.of, scene.look)
  await grace.page.goto(link)
  await take(grace.page, '09-invite')
  await grace.page.getByLabel('Your name').fill('Grace')
  await grace.page.getByRole('button', { name: /join/i }).click()
  await grace.page.getByTestId('workbench').waitFor({ timeout: 60_000 })
  await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 })
  await screen.focusEditor(page)
  await page.evaluate((text) => navigator.clipboard.writeText(text), program)
  await page.keyboard.press('Control+A')
  await page.keyboard.press('Control+V')
  if (!isNarrow) {
    await grace.page.locator('.monaco-editor .view-line').first().waitFor()
    await screen.focusEditor(grace.page)
    await grace.page.keyboard.press('Control+Home')
    for (let i = 0; i < 6; i++) await grace.page.keyboard.press('ArrowDown')
    await grace.page.keyboard.press('End')
  }
  await screen.saved(page)
  await page.getByTestId('run').first().click()
  await show(/terminal/i)
  await eventually(async () => /the\s+3/.test(await screen.terminalText(page)), 20_000).catch(() => undefined)
  await take(page, '05-workbench')
  if (isNarrow) {
    await show(/editor/i)
    await take(page, '06-editor')
    await show(/files/i)
    await take(page, '06-files')
  }
  if (!isNarrow) await screen.focusEditor(page)
  await page.keyboard.press('Control+K')
  await page.getByRole('dialog').waitFor()
  await take(page, '07-palette')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('dialog').waitFor()
  await take(page, '08-share')
  await page.getByRole('tab', { name: 'Members' }).click()
  await page.getByRole('dialog').getByText('Grace').waitFor()
  await take(page, '15-members')
  await page.keyboard.press('Escape')
  await screen.stopRepl(page, scene.name)
  await page
    .getByRole('heading', { name: new RegExp(`(Stopping ${scene.name}|${scene.name} is stopped)`) })
    .waitFor()
  await take(page, '10-stopping')
  await page.getByRole('heading', { name: `${scene.name} is stopped` }).waitFor({ timeout: 60_000 })
  await take(page, '14-stopped')
  await grace.context.close()
}

async function linkFor(page: Page, running: Product, id: string): Promise<string> {
  const cookies = await page.context().cookies()
  return Visitor.with(
    running.url,
    cookies.map((cookie) => `${cookie.name}=${cookie.value}`).join('; '),
  ).invite(id, 'editor')
}
