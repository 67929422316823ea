// The workbench in real Chromium over the real relay: two people in one text, each with their own undo and composition.
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limits } from '../../protocol/limits.ts'
import { startBench, type Bench } from '../support/bench.ts'
import { launchBrowser, noBrowser } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { ada, grace } from '../support/keys.ts'

/** The first page makes Vite bundle Monaco once. */
const firstPaintMs = 90_000
/** A busy machine starts a worker this late. */
const longMs = 20_000

/** Files whose sixth line has a caret to come back to, each with the worker that its language's features start, which come late. */
const sources = {
  'lines.js': 'ts.worker',
  'lines.css': 'css.worker',
  'words.json': 'json.worker',
  'lines.html': 'html.worker',
  'lines.py': null,
}
const sixLines = '1\n\n\n\n\n  '

let bench: Bench
let browser: Browser
/** The pages of ada and grace, open through all tests: opening Monaco is the slow part. */
let a: Page
let b: Page
const faults: string[] = []

async function visit(who: typeof ada, role: 'owner' | 'editor' | 'viewer' = 'editor'): Promise<Page> {
  const page = await bench.visit(browser, { who, role })
  page.on('pageerror', (fault) => faults.push(String(fault)))
  return page
}

async function openFile(page: Page, path: string): Promise<void> {
  await page.getByRole('treeitem', { name: path }).click({ timeout: firstPaintMs })
  await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: firstPaintMs })
  await page.locator('.monaco-editor .view-lines').click({ position: { x: 5, y: 5 } })
}

const textOf = (path: string): string =>
  bench.session.runner.textOf(bench.session.tree.docs.get(path)?.doc ?? '')

async function saved(page: Page): Promise<void> {
  await page.locator('[data-testid="status"][data-saved="true"]').waitFor()
}

describe.skipIf(noBrowser)('the workbench in Chromium', () => {
  beforeAll(async () => {
    bench = await startBench()
    for (const path of ['undo.txt', 'compose.txt', 'paste.txt', 'both.txt'])
      bench.session.tree.addDocument(path, '')
    for (const path of Object.keys(sources)) bench.session.tree.addDocument(path, sixLines)
    browser = await launchBrowser()
    a = await visit(ada)
    b = await visit(grace)
  }, firstPaintMs)
  afterAll(async () => {
    await browser?.close()
    await bench?.close()
  })

  test('C-6 two people type in one file at once: both texts and the runner agree, and the page says saved', async () => {
    await openFile(a, 'both.txt')
    await openFile(b, 'both.txt')
    await Promise.all([a.keyboard.type('Ada was here. '.repeat(5)), b.keyboard.type('Grace too. '.repeat(5))])
    await Promise.all([saved(a), saved(b)])
    await eventually(() => textOf('both.txt').length === 70 + 55)
    const copied = async (page: Page): Promise<string> => {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
      await page.keyboard.press('Control+a')
      await page.keyboard.press('Control+c')
      return page.evaluate(() => navigator.clipboard.readText())
    }
    expect(await copied(a)).toBe(textOf('both.txt'))
    expect(await copied(b)).toBe(textOf('both.txt'))
  })

  test('undo and redo take back only own edits, whatever way they are called', async () => {
    await openFile(a, 'undo.txt')
    await a.keyboard.type('AAA')
    await eventually(() => textOf('undo.txt') === 'AAA')
    await openFile(b, 'undo.txt')
    await b.keyboard.press('Control+Home')
    await b.keyboard.type('BBB')
    await eventually(() => textOf('undo.txt') === 'BBBAAA')
    await eventually(async () => (await a.locator('.view-lines').innerText()).includes('BBBAAA'))
    await a.keyboard.press('Control+z')
    await eventually(() => textOf('undo.txt') === 'BBB')
    await a.keyboard.press('Control+z')
    await a.keyboard.press('Control+y')
    await eventually(() => textOf('undo.txt') === 'BBBAAA')
    await a.keyboard.press('Control+z')
    await a.keyboard.press('Control+Shift+z')
    await eventually(() => textOf('undo.txt') === 'BBBAAA')
  })

  test('an input-method composition stays whole while the other types before it', async () => {
    await openFile(a, 'compose.txt')
    await a.keyboard.type('x')
    await eventually(() => textOf('compose.txt') === 'x')
    await openFile(b, 'compose.txt')
    const devtools = await a.context().newCDPSession(a)
    const compose = (text: string): Promise<unknown> =>
      devtools.send('Input.imeSetComposition', {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      })
    await compose('に')
    await b.keyboard.press('Control+Home')
    await b.keyboard.type('12')
    await eventually(() => textOf('compose.txt').startsWith('12'))
    await compose('にほ')
    await b.keyboard.type('3')
    await eventually(() => textOf('compose.txt').startsWith('123'))
    await compose('にほん')
    await devtools.send('Input.insertText', { text: '日本' })
    await eventually(() => textOf('compose.txt') === '123x日本')
    await eventually(async () => (await a.locator('.view-lines').innerText()).includes('123x日本'))
    await a.keyboard.type('!')
    await eventually(() => textOf('compose.txt') === '123x日本!')
  })

  test('a paste that no frame could carry is refused in words and changes nothing', async () => {
    const page = a
    await openFile(page, 'paste.txt')
    await page.evaluate((length) => {
      const data = new DataTransfer()
      data.setData('text/plain', 'p'.repeat(length))
      document.activeElement?.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      )
    }, limits.collabUpdateBytes + 1)
    await page.getByRole('alert').getByText('too large to paste').waitFor()
    expect(textOf('paste.txt')).toBe('')
    await page.keyboard.type('ok')
    await eventually(() => textOf('paste.txt') === 'ok')
  })

  test('a viewer reads, and what they type changes nothing', async () => {
    const page = await visit(grace, 'viewer')
    await openFile(page, 'both.txt')
    const before = textOf('both.txt')
    await page.keyboard.type('no')
    await page.locator('[data-testid="status"][data-connection="read-only"]').waitFor()
    expect(await page.getByRole('button', { name: 'Run' }).isDisabled()).toBe(true)
    expect(textOf('both.txt')).toBe(before)
    await page.context().close()
  })

  test('a window that crosses the narrow width keeps the caret, in each language with features of its own', async () => {
    const page = b
    const state = page.getByTestId('status')
    for (const [path, worker] of Object.entries(sources)) {
      await openFile(page, path)
      await page.keyboard.press('Control+End')
      await state.getByText('Ln 6, Col 3').waitFor()
      const isThere = (): boolean =>
        page.workers().some((one) => worker === null || one.url().includes(worker))
      await eventually(isThere, longMs)
      for (const width of [390, 1440]) {
        await page.setViewportSize({ width, height: 900 })
        await page
          .getByRole('navigation', { name: 'Panels' })
          .waitFor({ state: width < 900 ? 'visible' : 'hidden' })
        await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: firstPaintMs })
      }
      await state.getByText('Ln 6, Col 3').waitFor()
    }
    await page.keyboard.type('!')
    await eventually(() => textOf('lines.py').endsWith('  !'))
    expect(faults).toEqual([])
  })

  test('A-13 after the last earlier part of what happened the keyboard is on the last line, not lost', async () => {
    const page = await visit(ada, 'owner')
    const line = (id: number) => ({ id, at: 1, who: { id: ada.id, name: 'Ada' }, what: 'invite-revoked' })
    await page.route('**/audit*', (route) => {
      const isEarlier = route.request().url().includes('before=5')
      const json = isEarlier
        ? { entries: [line(2), line(1)], earlier: null }
        : { entries: [line(9), line(7)], earlier: 5 }
      return route.fulfill({ json })
    })
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('tab', { name: 'Activity' }).click()
    await page.getByRole('button', { name: 'Show earlier' }).focus()
    await page.keyboard.press('Enter')

    const lines = page.getByTestId('activity').getByRole('listitem')
    await eventually(async () => (await lines.count()) === 4)
    await eventually(() => lines.last().evaluate((last) => last === document.activeElement))
    await page.context().close()
  })

  test('F6 walks out of the editor through every region, and axe finds nothing serious', async () => {
    const page = a
    await openFile(page, 'both.txt')
    bench.session.terminals.open('Terminal 1', { sub: ada.id } as never, { cols: 80, rows: 12 })
    await page.getByRole('tab', { name: 'Terminal 1' }).waitFor()
    const region = (): Promise<string | null> =>
      page.evaluate(
        () => document.activeElement?.closest('[data-region]')?.getAttribute('data-region') ?? null,
      )
    const walked: (string | null)[] = [await region()]
    for (let step = 0; step < 5; step += 1) {
      await page.keyboard.press('F6')
      walked.push(await region())
    }
    expect(new Set(walked)).toEqual(new Set(['editor', 'terminal', 'top', 'files', 'people']))
    await page.addScriptTag({ content: readFileSync('node_modules/axe-core/axe.min.js', 'utf8') })
    const found = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } }
      type Violation = { id: string; impact: string; nodes: { html: string }[] }
      const { violations } = await axe.run()
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)
    })
    expect(found).toEqual([])
  })

  test('a terminal that was opened has the keyboard, so that a space opens no second one', async () => {
    const page = a
    const { held, inputs } = bench.session.terminals
    const before = held.size
    await page.getByRole('button', { name: 'Open a terminal' }).click()
    await eventually(() => page.evaluate(() => document.activeElement?.closest('.xterm') != null))
    await page.keyboard.press('Space')
    await eventually(() => inputs.includes(' '))
    expect(held.size).toBe(before + 1)
  })

  test('an upload over a file that exists asks first, and skipping it changes nothing', async () => {
    const page = a
    const before = textOf('both.txt')
    const file = { name: 'both.txt', mimeType: 'text/plain', buffer: Buffer.from('mine alone') }
    await page.getByLabel('Files to upload').setInputFiles(file)
    const question = page.getByRole('alertdialog', { name: 'Replace both.txt?' })
    await question.getByText('others may be in it').waitFor()
    await question.getByRole('button', { name: 'Skip it' }).click()
    await question.waitFor({ state: 'hidden' })
    expect(textOf('both.txt')).toBe(before)
  })

  test('no page threw anything', () => {
    expect(faults).toEqual([])
  })
})
