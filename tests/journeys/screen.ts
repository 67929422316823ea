// What a person does and sees in the pages, by role and name: sign in, make a repl, type, read terminals and files.
import type { Locator, Page } from 'playwright-core'
import { eventually } from '../support/eventually.ts'

export async function signIn(page: Page, link: string): Promise<void> {
  await page.goto(link)
  await page.getByRole('button', { name: /sign in/i }).click()
  await page.getByRole('heading', { name: 'Your REPLs' }).waitFor()
}

export async function createRepl(page: Page, repl: { template: string; name: string }): Promise<void> {
  await page.getByRole('button', { name: 'New REPL' }).first().click()
  await page.getByText(repl.template, { exact: true }).click()
  await page.getByLabel('Name').fill(repl.name)
  await page.getByRole('button', { name: 'Create and start' }).click()
}

/** Waits until the workbench is there and its file is painted. */
export async function workbench(page: Page): Promise<void> {
  await page.getByTestId('workbench').waitFor({ timeout: 60_000 })
  await page.locator('.monaco-editor .view-line').first().waitFor({ timeout: 60_000 })
}

export async function inviteLink(page: Page, role: string | RegExp = /edit/i): Promise<string> {
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('dialog').getByRole('radio', { name: role }).check()
  await page.getByRole('dialog').getByRole('button', { name: /link/i }).first().click()
  const link = await page.getByTestId('invite-link').inputValue()
  await page.keyboard.press('Escape')
  return link
}

export async function acceptInvite(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link)
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: /join/i }).click()
}

export const treeItem = (page: Page, name: string): Locator =>
  page.locator(`[role=treeitem][data-path="${name}"]`)

export async function openFile(page: Page, name: string): Promise<void> {
  await treeItem(page, name).click()
  await page.getByRole('tab', { name: new RegExp(name) }).waitFor()
}

export async function focusEditor(page: Page): Promise<void> {
  await page.locator('.monaco-editor .view-lines').first().click()
}

/** The whole text of the shown file, as copying it gives. */
export async function editorText(page: Page): Promise<string> {
  await focusEditor(page)
  await page.keyboard.press('Control+A')
  await page.keyboard.press('Control+C')
  await page.keyboard.press('ArrowRight')
  return page.evaluate(() => navigator.clipboard.readText())
}

export async function saved(page: Page): Promise<void> {
  await page.locator('[data-testid=status][data-saved=true]').waitFor({ timeout: 20_000 })
}

/** The rows of the shown terminal, as text. */
export async function terminalText(page: Page): Promise<string> {
  const rows = await page.locator('.xterm-rows:visible > div').allInnerTexts()
  return rows.map((row) => row.replaceAll('\u00a0', ' ').trimEnd()).join('\n')
}

export async function openTerminal(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open a terminal' }).first().click()
  await page.locator('.xterm:visible').waitFor()
  await eventually(async () => (await terminalText(page)).trim() !== '')
}

export async function typeInTerminal(page: Page, line: string): Promise<void> {
  await page.locator('.xterm:visible .xterm-helper-textarea').focus()
  await page.keyboard.type(line)
  await page.keyboard.press('Enter')
}

export async function terminalShows(page: Page, text: string | RegExp): Promise<void> {
  await eventually(async () => {
    const shown = await terminalText(page)
    return typeof text === 'string' ? shown.includes(text) : text.test(shown)
  }, 20_000)
}

export async function stopRepl(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Menu of ${name}` }).click()
  await page.getByRole('menuitem', { name: `Stop ${name}` }).click()
  await page.getByRole('button', { name: /^stop/i }).last().click()
}
