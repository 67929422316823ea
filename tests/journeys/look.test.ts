// The workbench as two people and then a strict stranger meet it: sharing, axe on every panel and dialog in both themes, forced
// colours, what is heard of it, the keyboard that comes back, a finger, and words. One product and one page for all.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newPersonPage, noBrowser } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { seenProduct } from '../support/seen-product.ts'
import { workspaceIn } from '../support/picture.ts'
import { findings } from './axe.ts'
import { looksForced } from './forced-look.ts'
import { heardIn, listenToRegions } from './heard.ts'
import { askedForTheEar, keyboardStory } from './keyboard-story.ts'
import { outlineOf, steady, unclear } from './outline.ts'
import * as screen from './screen.ts'
import { sharingStory } from './sharing-story.ts'

const here = seenProduct()

/** Longer than a phone's bar has room for: names have to give way wherever they stand. */
const called = 'two-sum-for-beginners'

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
  'by keys alone a repl is made, edited, run and shared; terminals are read out, and who is here is said, when asked',
  { timeout: 120_000 },
  async () => {
    const { page } = here.ada
    await keyboardStory(page, called)
    here.repl = new URL(page.url()).pathname.split('/')[2] ?? ''
    await askedForTheEar(page)
  },
)

test.skipIf(noBrowser)(
  'A-5 A-9 A-11 A-13 T-9 T-11 T-12 T-13 invited as a viewer, made an editor, driver of a terminal, made a viewer, removed: without one reload',
  { timeout: 120_000 },
  async () => {
    const grace = await newPersonPage(here.browser, { colorScheme: 'light' })
    await sharingStory(here.ada, grace, { data: here.product.data, repl: called })
    await grace.context.close()
  },
)

test.skipIf(noBrowser)(
  'axe finds nothing serious in any panel or dialog of the workbench, Escape closes each, and the keyboard comes back',
  { timeout: 180_000 },
  async () => {
    const { page } = here.ada
    await screen.openTerminal(page)
    await listenToRegions(page)
    await screen.typeInTerminal(page, 'python3 -m http.server 8123 &')
    await page.getByTestId('ports').waitFor({ timeout: 30_000 })
    const told = page.locator('[data-sonner-toast]', { hasText: 'python3 listens on 8123' })
    await told.waitFor()
    // It slides in, and then stands above the bar at the foot.
    const above = '[data-sonner-toast]:not([data-removed=true])'
    await eventually(() =>
      page.evaluate<boolean>(
        `document.querySelector('${above}').getBoundingClientRect().bottom < document.querySelector('[data-testid=status]').getBoundingClientRect().top`,
      ),
    )
    expect((await heardIn(page)).filter((words) => words.includes('8123'))).toHaveLength(1)
    await clean(page, 'workbench')

    await page.getByTestId('ports').click()
    await page.getByTestId('preview').locator('iframe').waitFor()
    await clean(page, 'preview', '[data-testid=preview]')

    for (const name of ['Share', 'Members and roles', `Menu of ${called}`, 'Upload', /choose another/]) {
      const pressed = button(page, name)
      await pressed.focus()
      await opensAndCloses(page, String(name), () => page.keyboard.press('Enter'))
    }
    await button(page, 'Share').click()
    await page.getByRole('tab', { name: 'Activity' }).click()
    await page.getByTestId('activity').waitFor()
    await clean(page, 'activity', '[role=dialog]')
    await page.keyboard.press('Escape')
    await page.getByTestId('details').focus()
    await opensAndCloses(page, 'details', async () => {
      await page.keyboard.press('Enter')
      await page.getByTestId('use').getByText(/of \d/).first().waitFor({ timeout: 30_000 })
    })

    const tree = page.getByRole('tree', { name: 'Files' })
    expect((await screen.treeItem(page, 'main.py').boundingBox())?.height).toBe(24)
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
    expect(here.ada.faults).toEqual([])
  },
)

/** The committed expectation, and nothing in it that could not be told apart or named. */
async function heard(page: Page, part: string, file: string): Promise<void> {
  const outline = await outlineOf(page.locator(part))
  expect.soft(unclear(outline), file).toEqual([])
  await expect.soft(steady(outline)).toMatchFileSnapshot(`./outlines/${file}.txt`)
}

test.skipIf(noBrowser)(
  'who listens hears of the workbench and the share dialog every landmark, heading and control, in order and by name',
  async () => {
    const { page } = here.ada
    await screen.treeItem(page, 'main.py').click()
    await page.getByRole('tab', { name: 'main.py', selected: true }).waitFor()
    await heard(page, '[data-testid=workbench]', 'workbench')
    await button(page, 'Share').click()
    await page.getByTestId('invite-list').waitFor()
    await heard(page, '[role=dialog]', 'share')
    await page.keyboard.press('Escape')
  },
)

test.skipIf(noBrowser)(
  'with forced colours a line says what a fill said: what can be pressed, what is chosen, where the keyboard is; and text is legible',
  async () => {
    const { page } = here.ada
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme, forcedColors: 'active' })
      await looksForced(page)
    }
    await page.emulateMedia({ forcedColors: 'none' })
  },
)

test.skipIf(noBrowser)(
  'A-5 T-12 on a phone every panel is reached by finger, rows do not overlap, and asking for a keyboard is clean in both themes',
  { timeout: 180_000 },
  async () => {
    const link = await screen.inviteLink(here.ada.page, /Viewer/)
    const context = await here.browser.newContext({
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
    // The ports are there, too: the bar is at its fullest, and the name gives way.
    const edges = await page.locator('[data-region=top]').evaluate((top) => {
      const parts = [...top.querySelectorAll('button, [title] > span.rounded-full')]
      const boxes = parts.map((part) => part.getBoundingClientRect()).filter(({ width }) => width > 0)
      return boxes.map(({ left, right }) => ({ left, right }))
    })
    expect(edges.length).toBeGreaterThan(4)
    for (const [at, { left }] of edges.entries())
      if (at > 0) expect(left).toBeGreaterThanOrEqual(edges[at - 1]?.right ?? 0)
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
    const bar = here.ada.page.getByTestId('keyboard-asks')
    await bar.waitFor()
    await clean(here.ada.page, 'asked', '[data-region=terminal]')
    await button(here.ada.page, 'Give the keyboard…').focus()
    await opensAndCloses(here.ada.page, 'give menu', () => here.ada.page.keyboard.press('Enter'))

    await button(here.ada.page, 'Members and roles').click()
    await here.ada.page.getByRole('button', { name: 'Remove Grace' }).click()
    const question = here.ada.page.getByRole('alertdialog')
    await question.getByText('Programs they started go on; stop them in the terminal.').waitFor()
    await clean(here.ada.page, 'removal', '[role=alertdialog]')
    await here.ada.page.keyboard.press('Escape')
    await question.waitFor({ state: 'detached' })
    await eventually(async () => (await focused(here.ada.page)) === 'Remove Grace', 5_000)
    await here.ada.page.keyboard.press('Escape')
    await context.close()
  },
)

test.skipIf(noBrowser)(
  'W-7 names that hide or turn letters are written out, and what cannot be named is counted',
  async () => {
    const { page } = here.ada
    const workspace = workspaceIn(here.product.data, here.repl)
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

test.skipIf(noBrowser)('who listens hears of the dashboard every landmark, heading and control', async () => {
  const { page } = here.ada
  await page.goto(here.product.url)
  await page.getByRole('link', { name: `Open ${called}` }).waitFor()
  await heard(page, 'body', 'dashboard')
  expect(here.ada.faults).toEqual([])
})
