// One guest's whole way beside the owner's page: invited as a viewer, made an editor, given a terminal's keyboard, made a viewer,
// removed; and what the owner reads of it afterwards.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { PersonPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { programOf, slay } from '../support/processes.ts'
import * as screen from './screen.ts'

const bar = (page: Page) => page.getByTestId('keyboard-bar')

async function members(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('tab', { name: 'Members' }).click()
  await page.getByTestId('members').getByText('Grace').waitFor()
}

async function setRole(page: Page, role: 'editor' | 'viewer'): Promise<void> {
  await members(page)
  await page.getByLabel('Role of Grace').selectOption(role)
  await page.keyboard.press('Escape')
}

/** `data` is the folder of the product, `repl` the name of ada's. */
type Where = { data: string; repl: string }

/** Ada is in the workbench, has made one link that is still good, and grace is nobody yet. */
export async function sharingStory(ada: PersonPage, grace: PersonPage, { data, repl }: Where): Promise<void> {
  await screen.openTerminal(ada.page)
  await ada.page.getByRole('button', { name: 'Share' }).click()
  await ada.page.getByRole('radio', { name: /Viewer/ }).check()
  await ada.page.getByLabel('It lets in').selectOption({ label: 'one person' })
  await ada.page.getByRole('button', { name: 'Make a link for a viewer' }).click()
  const link = await ada.page.getByTestId('invite-link').inputValue()
  await ada.page.keyboard.press('Escape')

  await screen.acceptInvite(grace.page, link, 'Grace')
  await screen.workbench(grace.page)
  await grace.page.evaluate('window.notReloaded = true')
  await bar(grace.page).getByText('You watch this terminal').waitFor()
  await screen.focusEditor(grace.page)
  await grace.page.keyboard.type('as a viewer')
  await tabLeaves(grace.page)
  await grace.page.goto(link).catch(() => undefined)
  await grace.page.getByText('This invite has been used').waitFor()
  await grace.page.goBack()
  await screen.workbench(grace.page)
  await grace.page.evaluate('window.notReloaded = true')

  await setRole(ada.page, 'editor')
  await grace.page.getByText(`made you an editor of ${repl}`).first().waitFor()
  await screen.focusEditor(grace.page)
  await grace.page.getByTestId('status').getByText('Tab indents').waitFor()
  await grace.page.keyboard.press('Control+Home')
  await grace.page.keyboard.type('# by an editor\n')
  await screen.saved(grace.page)
  expect(await screen.editorText(ada.page)).toMatch(/^# by an editor\n(?!.*as a viewer)/s)

  await bar(ada.page).getByRole('button', { name: 'Drive alone' }).click()
  await bar(grace.page)
    .getByText(/Only .* types here/)
    .waitFor()
  await screen.typeInTerminal(grace.page, 'echo stolen > stolen.txt')
  await bar(grace.page).getByRole('button', { name: 'Ask for the keyboard' }).click()
  await bar(ada.page).getByText('Grace asks for the keyboard').waitFor()
  await bar(ada.page).getByRole('button', { name: 'Give the keyboard to Grace', exact: true }).click()
  await bar(grace.page).getByText('Only you type here').waitFor()
  await screen.typeInTerminal(grace.page, 'echo driven-$((40+2)); ls')
  await screen.terminalShows(ada.page, /^driven-42$/m)
  expect(await screen.terminalText(ada.page)).not.toContain('stolen')
  const id = new URL(ada.page.url()).pathname.split('/')[2] ?? ''
  const runner = programOf(id, 'runner')
  await slay(runner)
  await eventually(() => programOf(id, 'runner') !== runner, 30_000)
  for (const { page } of [ada, grace])
    await page.locator('[data-testid=status][data-connection=synced]').waitFor({ timeout: 30_000 })
  await screen.typeInTerminal(grace.page, 'echo still-$((40+3))')
  await screen.terminalShows(ada.page, /^still-43$/m)
  await bar(ada.page).getByText('Only Grace types here').waitFor()

  await setRole(ada.page, 'viewer')
  await grace.page.getByText(`made you a viewer of ${repl}`).first().waitFor()
  await bar(grace.page)
    .getByText(/Only .* types here/)
    .waitFor()
  await screen.focusEditor(grace.page)
  await grace.page.keyboard.type('typed too late')
  expect(await grace.page.evaluate('window.notReloaded')).toBe(true)

  await members(ada.page)
  await ada.page.getByRole('button', { name: 'Remove Grace' }).click()
  const asked = Date.now()
  await ada.page.getByRole('alertdialog').getByRole('button', { name: 'Remove Grace' }).click()
  await grace.page.getByText(`removed you from ${repl}`).first().waitFor()
  expect(Date.now() - asked).toBeLessThan(10_000)
  await grace.page.getByRole('heading', { name: `You are not in ${repl} any more` }).waitFor()
  await eventually(async () => (await ada.page.getByTestId('members').getByText('Grace').count()) === 0)
  await ada.page.keyboard.press('Escape')
  expect(await screen.editorText(ada.page)).not.toContain('too late')
  await stayOut(grace.page)
  expect(await grace.page.evaluate('window.notReloaded')).toBe(true)
  await grace.page.reload()
  await grace.page.getByText(`removed you from ${repl}`).waitFor()

  await activity(ada.page)
  const audit = readFileSync(join(data, 'audit.log'), 'utf8').trimEnd().split('\n')
  expect(audit.map((line) => (JSON.parse(line) as { what: string }).what)).toEqual([
    'sign-in',
    'invite-made',
    'invite-made',
    'sign-in',
    'invite-used',
    'member-joined',
    'role-changed',
    'role-changed',
    'member-removed',
    'invite-revoked',
  ])
  expect([...ada.faults, ...grace.faults]).toEqual([])
}

/** Who cannot type is told of no switch for Tab: it leaves the editor, before and after its keys. */
async function tabLeaves(page: Page): Promise<void> {
  const told = page.getByTestId('status').getByText('Tab leaves', { exact: true })
  await told.waitFor()
  await page.keyboard.press('Control+M')
  await told.waitFor()
  await page.locator('.monaco-editor [aria-label*="read only. Tab leaves it"]').waitFor({ state: 'attached' })
  await page.keyboard.press('Tab')
  await page.locator('.monaco-editor.focused').waitFor({ state: 'detached' })
}

/** What happened is there to read, newest first, and by keyboard. */
async function activity(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Share' }).click()
  await page.getByRole('tab', { name: 'Members' }).press('ArrowRight')
  const list = page.getByTestId('activity')
  await list.waitFor()
  expect(await list.getByRole('listitem').locator('span:nth-child(2)').allInnerTexts()).toEqual([
    'You took an invite link back',
    'You removed Grace',
    'You made Grace a viewer',
    'You made Grace an editor',
    'Grace joined as a viewer',
    'You made a link for a viewer, good for one person',
    'You made a link for an editor',
  ])
  await page.keyboard.press('Escape')
}

/** A page that was let go does not try to come in again: looked at for longer than its sockets and rooms wait between tries. */
async function stayOut(page: Page): Promise<void> {
  const tries: string[] = []
  page.on('request', (request) => tries.push(new URL(request.url()).pathname))
  page.on('websocket', (socket) => tries.push(new URL(socket.url()).pathname))
  const begun = performance.now()
  await eventually(() => performance.now() - begun > 4_500)
  expect(tries.filter((path) => /doors|collab|live/.test(path))).toEqual([])
}
