// The main job without a pointer: a repl is made, its file edited, run, and shared, by keys alone.
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { heardIn, listenToRegions } from './heard.ts'
import * as screen from './screen.ts'

/** Keys of one way to a control before it is taken for unreachable. */
const mostSteps = 30

const focusedName = (page: Page): Promise<string> =>
  page.evaluate<string>(
    '(({ ariaLabel, labels, textContent }) => (ariaLabel || labels?.[0]?.textContent || textContent).trim())(document.activeElement)',
  )

async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let steps = 0; steps < mostSteps; steps++) {
    if (name.test(await focusedName(page))) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the Tab key never came to ${String(name)}`)
}

async function fromPalette(page: Page, command: string): Promise<void> {
  await page.keyboard.press('Control+K')
  await page.locator('[cmdk-input]:focus').waitFor()
  await page.keyboard.type(command)
  await page.locator('[cmdk-item][data-selected=true]', { hasText: new RegExp(command, 'i') }).waitFor()
  await page.keyboard.press('Enter')
}

/** From the dashboard into the workbench of `name`, with one invite link made and its dialog closed. */
export async function keyboardStory(page: Page, name: string): Promise<void> {
  await tabTo(page, /^New REPL$/)
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'New REPL' }).waitFor()
  await tabTo(page, /Node\.js/)
  await page.keyboard.press('ArrowDown')
  expect(await page.getByRole('radio', { name: /Python/ }).isChecked()).toBe(true)
  await tabTo(page, /^Name$/)
  await page.keyboard.type(name)
  await page.keyboard.press('Enter')
  await screen.workbench(page)

  // The editor has the keyboard by itself; Tab types there, says so, and is no trap.
  const status = page.getByTestId('status')
  await status.getByText('Tab indents · Ctrl M lets it leave').waitFor()
  await page.keyboard.press('Control+M')
  await status.getByText('Tab leaves · Ctrl M lets it indent').waitFor()
  await page.keyboard.press('Control+M')
  await page.keyboard.press('Control+Home')
  // Sending and saving is there to be read; who types hears nothing of it.
  await listenToRegions(page)
  await page.keyboard.type('# by keys alone\n')
  await screen.saved(page)
  expect(await heardIn(page)).toEqual([])
  await page.keyboard.press('Control+Enter')
  await screen.terminalShows(page, 'Hello, world')

  await page.keyboard.press('F6')
  await fromPalette(page, 'share: invite')
  await page.getByRole('dialog', { name: `Share ${name}` }).waitFor()
  await tabTo(page, /^Make a link for an editor$/)
  await page.keyboard.press('Enter')
  await page.getByTestId('invite-link').waitFor()
  await tabTo(page, /^Invite link$/)
  expect(await page.evaluate('document.activeElement.value')).toMatch(/\/invite\/[a-z2-7]+$/)
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

/** Asked for in the palette: terminals write their lines for screen readers, and who is here is said. */
export async function askedForTheEar(page: Page): Promise<void> {
  await screen.focusEditor(page)
  await fromPalette(page, 'terminals for screen readers')
  await page.locator('.xterm-accessibility [role=listitem]', { hasText: 'Hello, world' }).first().waitFor()
  await screen.focusEditor(page)
  await fromPalette(page, 'terminals for screen readers')
  await page.locator('.xterm-accessibility').first().waitFor({ state: 'detached' })
  await screen.focusEditor(page)
  await fromPalette(page, 'who is here')
  await page
    .getByRole('region', { name: /Notifications/ })
    .getByText('Nobody else is here.')
    .waitFor()
}
