// The workbench as a strict stranger meets it: axe on every panel and dialog in both themes, the keyboard that comes back, a finger, and words.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, newPersonPage, noBrowser, type PersonPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { startProduct, type Product } from '../support/product.ts'
import { findings } from './axe.ts'
import * as screen from './screen.ts'

let product: Product
let browser: Browser
let ada: PersonPage
let workspace: string

beforeAll(async () => {
  if (noBrowser) return
  product = await startProduct()
  browser = await launchBrowser()
  ada = await newPersonPage(browser)
  await screen.signIn(ada.page, product.link)
  await screen.createRepl(ada.page, { template: 'Python', name: 'two-sum' })
  await screen.workbench(ada.page)
  const id = new URL(ada.page.url()).pathname.split('/')[2] ?? ''
  workspace = join(product.data, 'sandboxes', id, 'work', 'workspace')
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await product?.stop()
  product?.clean()
})

const overlay = '[role=dialog], [role=alertdialog], [role=menu]'

/** Both themes; of an overlay only itself, since what lies below was looked at before. */
async function clean(page: Page, state: string, part?: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme })
    expect.soft(await findings(page, part), `${state}, ${colorScheme}`).toEqual([])
  }
}

const focused = (page: Page): Promise<string> =>
  page.evaluate<string>(
    '(({ dataset, ariaLabel, textContent }) => dataset.testid || ariaLabel || textContent.slice(0, 40))(document.activeElement)',
  )

/** Opens an overlay by a press, looks at it, closes it by Escape, and sees the keyboard back where it was. */
async function opensAndCloses(page: Page, name: string, open: () => Promise<unknown>): Promise<void> {
  const before = await focused(page)
  await open()
  await page.locator(overlay).first().waitFor()
  await clean(page, name, overlay)
  await page.keyboard.press('Escape')
  await page.locator(overlay).first().waitFor({ state: 'detached' })
  await eventually(async () => (await focused(page)) === before, 5_000).catch(() => undefined)
  expect.soft(await focused(page), `after ${name}`).toBe(before)
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true })

test.skipIf(noBrowser)(
  'axe finds nothing serious in any panel or dialog of the workbench, Escape closes each, and the keyboard comes back',
  { timeout: 180_000 },
  async () => {
    const { page } = ada
    await screen.openTerminal(page)
    await screen.typeInTerminal(page, 'python3 -m http.server 8123 &')
    await page.getByTestId('ports').waitFor({ timeout: 30_000 })
    await clean(page, 'workbench')

    await page.getByTestId('ports').click()
    await page.getByTestId('preview').locator('iframe').waitFor()
    await clean(page, 'preview', '[data-testid=preview]')

    for (const name of ['Share', 'Members and roles', 'Menu of two-sum', 'Upload', /choose another/]) {
      const pressed = button(page, name)
      await pressed.focus()
      await opensAndCloses(page, String(name), () => page.keyboard.press('Enter'))
    }
    await page.getByTestId('details').focus()
    await opensAndCloses(page, 'details', async () => {
      await page.keyboard.press('Enter')
      await page.getByTestId('use').getByText(/of \d/).first().waitFor({ timeout: 30_000 })
    })

    const tree = page.getByRole('tree', { name: 'Files' })
    await screen.treeItem(page, 'main.py').click()
    await tree.focus()
    await opensAndCloses(page, 'menu of a file', () => page.keyboard.press('ContextMenu'))
    await opensAndCloses(page, 'delete question', () => page.keyboard.press('Delete'))
    await opensAndCloses(page, 'move question', async () => {
      await page.keyboard.press('ContextMenu')
      await page.getByRole('menuitem', { name: 'Move to…' }).press('Enter')
      await page.getByRole('dialog').waitFor()
    })
    await page.keyboard.press('F2')
    await page.getByLabel('New name of main.py').waitFor()
    await clean(page, 'naming', '[data-region=files]')
    await page.keyboard.press('Escape')

    await screen.focusEditor(page)
    await opensAndCloses(page, 'palette', () => page.keyboard.press('Control+K'))
    await page.keyboard.press('Control+Shift+F')
    await page.keyboard.type('greet')
    await page.getByText('places in 1 file').waitFor()
    await clean(page, 'search', '[data-testid=search]')
    await page.keyboard.press('Escape')
    await eventually(async () => (await focused(page)) === 'Files', 5_000)

    await page.keyboard.press('F6')
    await page.keyboard.press('F6')
    await page.keyboard.press('F6')
    expect(await page.evaluate('document.activeElement.closest("[data-region]").dataset.region')).toBe(
      'terminal',
    )
    expect(ada.faults).toEqual([])
  },
)

test.skipIf(noBrowser)(
  'A-5 T-12 on a phone every panel is reached by finger, rows do not overlap, and asking for a keyboard is clean in both themes',
  { timeout: 180_000 },
  async () => {
    const link = await screen.inviteLink(ada.page, /Viewer/)
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      colorScheme: 'light',
      hasTouch: true,
      isMobile: true,
    })
    const page = await context.newPage()
    await page.goto(link)
    await page.getByLabel('Your name').fill('Owner')
    await button(page, 'Join').tap()
    await page.getByText('A guest cannot be called Owner').waitFor()
    await page.getByLabel('Your name').fill('Grace')
    await button(page, 'Join').tap()
    await page.getByTestId('workbench').waitFor({ timeout: 60_000 })

    const show = (panel: string) =>
      page.getByRole('navigation', { name: 'Panels' }).getByRole('button', { name: panel }).tap()
    for (const panel of ['Files', 'Editor', 'Preview', 'People']) {
      await show(panel)
      await clean(page, `${panel} on a phone`)
    }
    await show('Files')
    const tops = await page
      .getByRole('treeitem')
      .evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().top))
    const steps = tops.slice(1).map((top, at) => top - (tops[at] ?? 0))
    expect(new Set(steps)).toEqual(new Set([40]))

    await button(page, 'Search files and commands').tap()
    await page.getByRole('option', { name: 'README.md' }).tap()
    await page.getByRole('tab', { name: /README\.md/ }).waitFor()
    expect(await page.getByRole('region', { name: 'Editor' }).isVisible()).toBe(true)

    await show('Terminal')
    await page.getByRole('button', { name: 'Ask for the keyboard' }).tap()
    await page.getByText('You asked for the keyboard').waitFor()
    await clean(page, 'asking')
    const bar = ada.page.getByTestId('keyboard-asks')
    await bar.waitFor()
    await clean(ada.page, 'asked', '[data-region=terminal]')
    await button(ada.page, 'Give the keyboard…').focus()
    await opensAndCloses(ada.page, 'give menu', () => ada.page.keyboard.press('Enter'))

    await button(ada.page, 'Members and roles').click()
    await ada.page.getByRole('button', { name: 'Remove Grace' }).click()
    const question = ada.page.getByRole('alertdialog')
    await question.getByText('Programs they started go on; stop them in the terminal.').waitFor()
    await clean(ada.page, 'removal', '[role=alertdialog]')
    await ada.page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await eventually(async () => (await focused(ada.page)) === 'Remove Grace', 5_000)
    await ada.page.keyboard.press('Escape')
    await context.close()
  },
)

test.skipIf(noBrowser)(
  'W-7 names that hide or turn letters are written out, and what cannot be named is counted',
  async () => {
    const { page } = ada
    mkdirSync(join(workspace, 'odd'))
    writeFileSync(join(workspace, 'photo\u202egnp.exe'), '')
    writeFileSync(join(workspace, ' main.py'), '')
    writeFileSync(Buffer.concat([Buffer.from(join(workspace, 'odd', 'bad')), Buffer.of(0xff)]), '')
    await page.getByRole('treeitem', { name: 'photo⟨U+202E⟩gnp.exe' }).waitFor()
    await page.getByRole('treeitem', { name: '⟨space⟩main.py' }).click()
    await page.getByRole('tab', { name: '⟨space⟩main.py' }).waitFor()
    await page.getByText('1 file cannot be shown here: rename it in a terminal.').waitFor({ timeout: 20_000 })
  },
)
