// Previews in a real browser: a dev server with hot reload inside the pane, and a page that tries everything it must not reach.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { unzipSync } from 'fflate'
import type { Browser, Download, FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, newPersonPage, noBrowser } from '../support/browser.ts'
import type { PersonPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { copyPackage, giveTo } from '../support/packages.ts'
import { freePort, startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import { evilProgram } from './evil-page.ts'
import * as screen from './screen.ts'

let product: Product
let browser: Browser
let ada: PersonPage
/** Where the dev server of the first repl is seen. */
let vite = { origin: '', repl: '' }

beforeAll(async () => {
  if (noBrowser) return
  product = await startProduct()
  browser = await launchBrowser()
  ada = await newPersonPage(browser)
})

afterAll(async () => {
  await browser?.close()
  // A backup of a dev server's packages would take longer than all the rest.
  if (vite.repl !== '')
    rmSync(join(workspaceOf(vite.repl), 'node_modules'), {
      recursive: true,
      force: true,
    })
  await product?.stop()
  product?.clean()
})

const frameOf = (page: Page): FrameLocator => page.getByTestId('preview').frameLocator('iframe')
const replOf = (page: Page): string => new URL(page.url()).pathname.split('/')[2] ?? ''
const workspaceOf = (repl: string): string => join(product.data, 'sandboxes', repl, 'work', 'workspace')
const originShown = async (page: Page): Promise<string> =>
  new URL((await page.getByTestId('preview').locator('iframe').getAttribute('src')) ?? '').origin

async function runInTerminal(page: Page, line: string): Promise<void> {
  await screen.openTerminal(page)
  await screen.typeInTerminal(page, line)
}

test.skipIf(noBrowser)(
  'P-1 P-2 P-6 P-9 a Vite dev server is seen in the pane and changes hot while its file is typed in',
  async () => {
    const { page, faults } = ada
    await screen.signIn(page, product.link)
    await screen.createRepl(page, { template: 'Node.js', name: 'two-sum' })
    await screen.workbench(page)
    const repl = replOf(page)
    const port = await freePort()
    const place = workspaceOf(repl)
    mkdirSync(join(place, 'src'), { recursive: true })
    copyPackage('vite', place)
    writeFileSync(join(place, 'index.html'), '<h1></h1><script type="module" src="/src/main.js"></script>')
    writeFileSync(
      join(place, 'src/main.js'),
      `import { words } from '../words.js'
const heading = document.querySelector('h1')
heading.textContent = words
globalThis.begun ??= Math.random()
import.meta.hot.accept('../words.js', (next) => next && (heading.textContent = next.words))`,
    )
    writeFileSync(join(place, 'words.js'), `export const words = 'one'`)
    giveTo(place)
    await runInTerminal(page, `node node_modules/vite/bin/vite.js --port ${port} --strictPort`)

    await page.getByText(`node listens on ${port}`).first().waitFor({ timeout: 60_000 })
    await page.getByRole('button', { name: 'Open', exact: true }).click()
    const heading = frameOf(page).locator('h1')
    await eventually(async () => (await heading.textContent()) === 'one', 30_000)
    vite = { origin: await originShown(page), repl }
    expect(vite.origin).toMatch(/^http:\/\/two-sum-[a-z2-7]{6}--\d+\.localhost:\d+$/)
    const begun = await heading.evaluate(() => (globalThis as { begun?: number }).begun)
    await screen.openFile(page, 'words.js')
    await page.locator('.view-line', { hasText: 'words' }).waitFor()
    await screen.focusEditor(page)
    await page.keyboard.press('Control+A')
    await page.keyboard.type(`export const words = 'two'`)

    await eventually(async () => (await heading.textContent()) === 'two', 30_000)
    // The same page: nothing was loaded anew.
    expect(await heading.evaluate(() => (globalThis as { begun?: number }).begun)).toBe(begun)
    await page.locator('.xterm:visible .xterm-helper-textarea').focus()
    await page.keyboard.press('Control+C')
    await page.getByText(`node ended. Nothing listens on ${port}`).waitFor()
    await page.getByRole('button', { name: 'Reload the preview' }).click()
    await frameOf(page).getByText(`Nothing listens on ${port}`).waitFor()
    await screen.typeInTerminal(page, `node node_modules/vite/bin/vite.js --port ${port} --strictPort`)
    await eventually(async () => (await heading.textContent()) === 'two', 30_000)
    // In a tab: somebody who pasted the address comes by the app, and where no host of its own is reached there is a port.
    const tab = await ada.context.newPage()
    await tab.goto(`${vite.origin}/?deep`)
    await eventually(async () => (await tab.locator('h1').textContent()) === 'two', 30_000)
    expect(tab.url()).toBe(`${vite.origin}/?deep`)
    const opened = await ada.context.request.post(`${product.url}/repl/${repl}/preview`, {
      data: { port, plain: true },
      headers: { origin: product.url },
    })
    const { preview } = (await opened.json()) as { preview: { url: string } }
    await tab.goto(preview.url)
    await eventually(async () => (await tab.locator('h1').textContent()) === 'two', 30_000)
    expect(tab.url()).toMatch(/^http:\/\/localhost:\d+\/$/)
    expect(new URL(tab.url()).port).not.toBe(new URL(product.url).port)
    await tab.close()
    expect(faults).toEqual([])
  },
)

test.skipIf(noBrowser)(
  'W-12 what was typed a moment ago is found and opens at its line; a folder goes up and comes back as a zip',
  async () => {
    const { page } = ada
    await screen.openFile(page, 'words.js')
    await screen.focusEditor(page)
    await page.keyboard.press('Control+End')
    await page.keyboard.type(`\n// a needle in the hay`)
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('Control+Shift+F')
    await page.keyboard.type('NEEDLE')
    await page.getByRole('button', { name: 'a needle in the hay' }).click({ timeout: 20_000 })
    await page.getByTestId('status').getByText('Ln 2, Col 12').waitFor()
    await page.getByRole('button', { name: 'Back to the files' }).click()

    const folder = mkdtempSync(join(product.data, 'up-'))
    mkdirSync(join(folder, 'deep'))
    writeFileSync(join(folder, 'deep', 'one.txt'), 'one')
    writeFileSync(join(folder, 'two.txt'), 'two')
    await page.getByLabel('Folder to upload').setInputFiles(folder)
    const name = basename(folder)
    await screen.treeItem(page, name).waitFor()
    await eventually(() => existsSync(join(workspaceOf(vite.repl), name, 'two.txt')))
    const coming: Download[] = []
    page.on('download', (download) => coming.push(download))
    // The menu goes when the row under it changes: opened again until its verb was taken.
    await eventually(async () => {
      await screen.treeItem(page, name).click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Download as a zip' }).click({ timeout: 3000 })
      return true
    }, 30_000)
    const download = await eventually(() => coming[0], 20_000)
    const files = unzipSync(readFileSync(await download.path()))

    expect(Object.keys(files).sort()).toEqual(
      [`${name}/`, `${name}/deep/`, `${name}/deep/one.txt`, `${name}/two.txt`].sort(),
    )
    await page.keyboard.press('Control+P')
    await page.keyboard.type('onetxt')
    await page.keyboard.press('Enter')
    await page.getByRole('tab', { name: /one\.txt/ }).waitFor()
  },
)

test.skipIf(noBrowser)(
  'P-4 P-5 a hostile page in the pane gets no cookie, no API, no frame, no worker of ours, and no other preview',
  async () => {
    const page = await ada.context.newPage()
    await page.goto(product.url)
    await screen.createRepl(page, { template: 'Node.js', name: 'stranger' })
    await screen.workbench(page)
    const port = await freePort()
    const prey = { app: product.url, repl: vite.repl, preview: vite.origin }
    const place = workspaceOf(replOf(page))
    writeFileSync(join(place, 'evil.cjs'), evilProgram(port, prey))
    giveTo(place)
    await runInTerminal(page, 'node evil.cjs')
    await page.getByTestId('ports').click({ timeout: 20_000 })
    const out = frameOf(page).locator('#out')
    await eventually(async () => ((await out.textContent()) ?? '') !== '', 30_000)
    const found = JSON.parse((await out.textContent()) ?? '') as Record<string, string>

    expect(found).toMatchObject({
      cookies: 'mine=1',
      parent: 'refused: SecurityError',
      steer: expect.stringMatching(/^refused|^tried/),
      'app read': 'refused: TypeError',
      'app doors': 'refused: TypeError',
      'here repls': '404 evil has no /repls',
      'here v1': '404 evil has no /v1/keys',
      'here collab': '404 evil has no /collab/x',
      'other read': 'refused: TypeError',
      'other script': 'refused',
      'other socket': 'refused',
      'worker of the app': 'refused: SecurityError',
      'worker beyond': 'refused: SecurityError',
    })
    expect(found['here r']).toMatch(/^404 evil has no \/r\//)
    // It led our page nowhere, stopped nothing, and what it framed shows nothing.
    expect(page.url()).toContain('/repl/')
    await page.getByTestId('workbench').waitFor()
    const framed = page.frames().filter((frame) => frame.parentFrame()?.parentFrame() === page.mainFrame())
    expect(framed).toHaveLength(2)
    const shown = await Promise.all(
      framed.map((frame) => frame.evaluate(() => document.documentElement.outerHTML)),
    )
    // The browser's own page about what may not be framed.
    for (const html of shown) expect(html).toContain('main-frame-error')
    const now = await page.request.get(`${product.url}/repl/${vite.repl}/now`)
    expect(((await now.json()) as { repl: { phase: string } }).repl.phase).toBe('RUNNING')
    expect(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0)
    // What its program saw: its own cookies, none of ours.
    const seen = await frameOf(page)
      .locator('#out')
      .evaluate(async () => (await fetch('/seen')).json())
    expect((seen as { cookie: string }[]).map(({ cookie }) => cookie).join()).not.toMatch(/devex/)
    expect((await ada.context.cookies(product.url)).filter(({ name }) => name === 'mine')).toEqual([])
  },
)
