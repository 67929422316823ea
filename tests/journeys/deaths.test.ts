// kill -9 of each of our processes while ada has the workbench open and types, in a real browser: the page says what is true in
// one of its words, comes back by itself without a reload, everything typed is there once, and terminals work.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { noBrowser } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { programOf, serverOf, slay } from '../support/processes.ts'
import { seenProduct } from '../support/seen-product.ts'
import { workspaceIn } from '../support/picture.ts'
import * as screen from './screen.ts'
import { eachOnceIn, listen, saidBy, typeAtEnd, words } from './typed-words.ts'

const here = seenProduct({ repl: { template: 'Python', name: 'deaths' } })
let file: string
/** Lines asked of the terminal so far. */
let asked = 0

/** The shell answers: a sum, so that what is typed is not taken for the answer. */
async function terminalAnswers(page: Page): Promise<void> {
  asked += 1
  await screen.typeInTerminal(page, `echo answer-$((${asked} + 1000))`)
  await screen.terminalShows(page, `answer-${asked + 1000}`)
}

/** Types while `kill` strikes; the words that the page showed until everything was saved again. */
async function typedThrough(story: string, kill: () => Promise<void>): Promise<string[]> {
  const { page } = here.ada
  const typed = words(story, 8)
  await typeAtEnd(page, typed.slice(0, 3))
  await saidBy(page)
  const killed = kill()
  for (const word of typed.slice(3)) await page.keyboard.type(` ${word}`)
  await killed
  await eachOnceIn(file, typed)
  await page.locator('[data-testid=status][data-connection=synced]').waitFor({ timeout: 30_000 })
  await screen.saved(page)
  return (await saidBy(page)).map(({ word }) => word)
}

describe.skipIf(noBrowser)('deaths', () => {
  beforeAll(async () => {
    const { ada, product, repl } = here
    file = join(workspaceIn(product.data, repl), 'main.py')
    await screen.openTerminal(ada.page)
    await listen(ada.page)
  })

  // What the page cannot reach any more it says at once; what it does not need it does not speak of.
  test.each([
    ['C-5 R-9', 'collab-server', true],
    ['R-9', 'front-door', true],
    ['R-9', 'app', false],
    ['R-3 R-9', 'orchestrator', false],
    ['F-7 R-9', 'sync', false],
  ])(
    '%s the %s dies: words are true, all that was typed is there once, the terminal answers',
    async (_, name, isNoticed) => {
      const said = await typedThrough(name.replace('-', ''), () => slay(serverOf(here.product.pid, name)))

      expect(said.includes('offline')).toBe(isNoticed)
      expect(said.filter((word) => !['offline', 'sending', 'synced'].includes(word))).toEqual([])
      await terminalAnswers(here.ada.page)
    },
  )

  test('R-9 T-9 the runner dies: the page says that it is away, typing goes on, and the same shell answers', async () => {
    await screen.typeInTerminal(here.ada.page, 'kept=in-this-shell')
    const said = await typedThrough('runner', () => slay(programOf(here.repl, 'runner')))

    expect(said).toContain('offline')
    expect(said.filter((word) => !['offline', 'sending', 'synced'].includes(word))).toEqual([])
    await screen.typeInTerminal(here.ada.page, 'echo still-$kept')
    await screen.terminalShows(here.ada.page, 'still-in-this-shell')
  })

  test('R-9 T-9 the box dies: its terminals are said to have ended, and a new one works', async () => {
    const { page } = here.ada
    const tabs = page.getByRole('tablist', { name: 'Terminals' }).getByRole('tab')
    const said = await typedThrough('box', () => slay(programOf(here.repl, 'box')))

    expect(said.filter((word) => !['sending', 'synced'].includes(word))).toEqual([])
    await tabs.filter({ hasText: 'ended' }).waitFor()
    // Asked again only after a refusal: a second new terminal would take the keyboard from the first.
    const refused = page.getByRole('alert').filter({ visible: true })
    await eventually(async () => {
      await page.getByRole('button', { name: 'Open a terminal' }).first().click()
      await eventually(async () => (await tabs.nth(1).isVisible()) || (await refused.count()) > 0, 5_000)
      return tabs.nth(1).isVisible()
    }, 20_000)
    await eventually(async () => (await screen.terminalText(page)).trim() !== '', 20_000)
    await terminalAnswers(page)
  })

  test('no page failed, and none was loaded anew', async () => {
    expect(await saidBy(here.ada.page)).toBeInstanceOf(Array)
    expect(here.ada.faults).toEqual([])
  })
})
