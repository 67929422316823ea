// The main job in two real browsers: write and run a program together, stop, and find everything again.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newPersonPage, noBrowser } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { seenProduct } from '../support/seen-product.ts'
import * as screen from './screen.ts'

const here = seenProduct({ repl: { template: 'Python', name: 'two-sum' } })

function workspace(): string {
  const found = execFileSync('find', [here.product.data, '-type', 'd', '-name', 'workspace'], {
    encoding: 'utf8',
  })
  return found.split('\n')[0] ?? ''
}

/** Types `count` letters in bursts, each at a place of its own. */
async function typeAround(
  page: Page,
  letters: { count: number; alphabet: string; seed: number },
): Promise<void> {
  let seed = letters.seed
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return (seed >>> 8) % below
  }
  const burst = 40
  for (let typed = 0; typed < letters.count; typed += burst) {
    await page.keyboard.press('Control+Home')
    for (let i = next(4); i > 0; i--) await page.keyboard.press('ArrowDown')
    for (let i = next(5); i > 0; i--) await page.keyboard.press('ArrowRight')
    // Each key follows the one before it at once, as fast as the page takes them.
    const keys = Array.from({ length: burst }, () => letters.alphabet.charAt(next(letters.alphabet.length)))
    await Promise.all(keys.map((key) => page.keyboard.type(key)))
  }
}

test.skipIf(noBrowser)(
  'R-8 C-6 W-4 T-3 A-5 two people write and run a program together, and find everything again',
  async () => {
    const { ada } = here
    const grace = await newPersonPage(here.browser, { colorScheme: 'light' })
    const link = await screen.inviteLink(ada.page)
    await screen.acceptInvite(grace.page, link, 'Grace')
    await screen.workbench(grace.page)

    await screen.focusEditor(ada.page)
    await screen.focusEditor(grace.page)
    await Promise.all([
      typeAround(ada.page, { count: 1000, alphabet: 'abcdefghijklm', seed: 1 }),
      typeAround(grace.page, { count: 1000, alphabet: 'NOPQRSTUVWXYZ', seed: 2 }),
    ])
    await screen.saved(ada.page)
    await screen.saved(grace.page)
    const onDisk = (): string => readFileSync(join(workspace(), 'main.py'), 'utf8')
    await eventually(async () => (await screen.editorText(ada.page)) === onDisk())
    expect(await screen.editorText(grace.page)).toBe(onDisk())
    expect(onDisk().replaceAll(/[^N-Z]/g, '').length).toBe(1000)
    expect(onDisk().length).toBe(2000 + readFileSync('templates/python/files/main.py', 'utf8').length)

    await screen.focusEditor(ada.page)
    await ada.page.keyboard.press('Control+A')
    await ada.page.keyboard.type('print(6 * 7)')
    await screen.openTerminal(ada.page)
    await screen.typeInTerminal(ada.page, 'python3 main.py')
    await screen.terminalShows(ada.page, /^42$/m)
    await screen.terminalShows(grace.page, /^42$/m)
    await screen.typeInTerminal(grace.page, 'echo made by grace > made.txt; echo $((40+3))')
    await screen.terminalShows(ada.page, /^43$/m)
    for (const { page } of [ada, grace]) {
      await screen.treeItem(page, 'made.txt').waitFor()
      await screen.openFile(page, 'made.txt')
      await page.locator('.view-line', { hasText: 'made by grace' }).waitFor()
    }

    await eventually(async () => {
      await screen.treeItem(ada.page, 'made.txt').click({ button: 'right' })
      await ada.page.getByRole('menuitem', { name: 'Rename' }).click({ timeout: 3000 })
      return true
    })
    await ada.page.getByLabel('New name of made.txt').fill('named.txt')
    await ada.page.keyboard.press('Enter')
    await screen.treeItem(grace.page, 'named.txt').waitFor()

    const before = await screen.terminalText(grace.page)
    await grace.page.reload()
    await grace.page.locator('.xterm:visible').waitFor({ timeout: 60_000 })
    await eventually(async () => (await screen.terminalText(grace.page)).trim() === before.trim())

    const folder = workspace()
    await screen.stopRepl(ada.page, 'two-sum')
    await eventually(() => !existsSync(folder), 30_000)
    rmSync(folder, { recursive: true, force: true })
    await ada.page.getByRole('button', { name: /start/i }).first().click()
    await screen.workbench(ada.page)
    await screen.openFile(ada.page, 'main.py')
    await eventually(async () => (await screen.editorText(ada.page)) === 'print(6 * 7)')
    expect(readFileSync(join(workspace(), 'named.txt'), 'utf8')).toBe('made by grace\n')
    expect([...ada.faults, ...grace.faults]).toEqual([])
  },
  180_000,
)
