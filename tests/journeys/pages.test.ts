// The pages in a real browser, before the fake API: make, watch it start, rename, stop, delete; by pointer and by keyboard; axe on each page.
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AppError } from '../../protocol/errors.ts'
import type { Person, Repl } from '../../protocol/repl.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { launchBrowser, newPersonPage, noBrowser, type PersonPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { findings } from './axe.ts'

/** Bytes that the dashboard may cost before it is usable, compressed. */
const dashboardBytes = 250_000

let app: TestApp
let browser: Browser
let ada: Person

beforeAll(async () => {
  if (noBrowser) return
  app = await startTestApp()
  browser = await launchBrowser()
  ada = app.api.newPerson('Ada Lovelace', true)
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await app?.close()
})

async function signedIn(look: Parameters<typeof newPersonPage>[1] = {}): Promise<PersonPage> {
  const person = await newPersonPage(browser, look)
  await person.page.goto(`${app.url}/welcome/${app.api.newLink(ada)}`)
  await person.page.getByRole('button', { name: 'Sign in as owner' }).click()
  await person.page.getByRole('heading', { name: 'Your REPLs' }).waitFor()
  return person
}

const steps = (page: Page): Promise<string[]> =>
  page
    .locator('[data-step]')
    .evaluateAll((rows) =>
      rows.map((row) => `${row.getAttribute('data-step')} ${row.getAttribute('data-state')}`),
    )

const mine = (name: string): Repl => {
  const found = app.api.repls().find((repl) => repl.name === name)
  if (!found) throw new Error(`there is no ${name}`)
  return found
}

test.skipIf(noBrowser)(
  'R-5 R-10 a repl is made, its start is told step by step and again after a reload, renamed, stopped, deleted, and back by Undo',
  async () => {
    const { page, faults, context } = await signedIn()
    await page.getByRole('button', { name: 'New REPL' }).click()
    await page.getByText('Python', { exact: true }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('two-sum')
    await page.getByRole('button', { name: 'Create and start' }).click()
    await page.getByRole('heading', { name: 'Starting two-sum' }).waitFor()
    expect(await steps(page)).toEqual([])

    const { id } = mine('two-sum')
    app.api.step(id, 'reserve', 'begun', 'Reserving a place')
    await eventually(async () => (await steps(page)).join() === 'reserve begun')
    app.api.step(id, 'reserve', 'done', 'Reserved a place')
    app.api.step(id, 'restore', 'begun', 'Bringing back 3 files')
    await eventually(async () => (await steps(page)).join() === 'reserve done,restore begun')
    await page.reload()
    await eventually(async () => (await steps(page)).join() === 'reserve done,restore begun')
    app.api.dropStreams()
    app.api.step(id, 'restore', 'failed', 'Bringing back 3 files: the backup is short of one')
    app.api.change(id, { phase: 'START_FAILED', reason: 'The backup is short of one file.' })
    await page.getByRole('heading', { name: 'two-sum did not start' }).waitFor()
    await eventually(async () => (await steps(page)).join() === 'reserve done,restore failed')
    await page.getByText('The backup is short of one file.', { exact: true }).waitFor()

    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByRole('heading', { name: 'Starting two-sum' }).waitFor()
    app.api.step(id, 'reserve', 'begun', 'Reserving a place')
    await eventually(async () => (await steps(page)).join() === 'reserve begun')

    await page.getByRole('link', { name: 'Back to your REPLs' }).click()
    const row = page.locator(`[data-repl="${id}"]`)
    await row.getByText('Reserving a place').first().waitFor()
    app.api.step(id, 'ready', 'done', 'Ready in 3.4 s')
    app.api.change(id, { phase: 'RUNNING', level: 'process' })
    await row.getByText('Running', { exact: true }).first().waitFor()

    await page.getByRole('button', { name: 'More for two-sum' }).click()
    await page.getByRole('menuitem', { name: 'Rename…' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('three-sum')
    await page.getByRole('button', { name: 'Rename', exact: true }).click()
    await row.getByRole('link', { name: 'three-sum', exact: true }).waitFor()
    expect(app.api.repl(id).name).toBe('three-sum')

    await page.getByRole('button', { name: 'More for three-sum' }).click()
    await page.getByRole('menuitem', { name: 'Stop' }).click()
    await row.getByText('Stopping').first().waitFor()
    app.api.change(id, { phase: 'STOPPED', level: null })
    await row.getByRole('button', { name: 'Start three-sum' }).waitFor()

    await page.getByRole('button', { name: 'More for three-sum' }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await page.getByRole('alertdialog', { name: 'Delete three-sum?' }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(app.api.repl(id).phase).toBe('STOPPED')
    await page.getByRole('button', { name: 'More for three-sum' }).click()
    await page.getByRole('menuitem', { name: 'Delete…' }).click()
    await page.getByRole('button', { name: 'Delete three-sum' }).click()
    await page.getByRole('heading', { name: 'No REPLs yet' }).waitFor()
    expect(await findings(page), 'deleted').toEqual([])
    const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent.trim()')
    await eventually(async () => (await focused()) === 'Undo the deletion of three-sum')
    await page.keyboard.press('Enter')
    await row.getByRole('button', { name: 'Start three-sum' }).waitFor()
    expect([app.api.repl(id).desired, await focused()]).toEqual(['stopped', 'Your REPLs'])
    expect(faults).toEqual([])
    await context.close()
  },
)

test.skipIf(noBrowser)(
  'R-10 each of two deletions has its Undo, and after a reload both are listed, until when, and come back at a press',
  async () => {
    const [alpha, beta] = ['alpha', 'beta'].map((name) => app.api.newRepl(ada, name))
    const { page, faults, context } = await signedIn()
    for (const name of ['alpha', 'beta']) {
      await page.getByRole('button', { name: `More for ${name}` }).click()
      await page.getByRole('menuitem', { name: 'Delete…' }).click()
      await page.getByRole('button', { name: `Delete ${name}` }).click()
      await page.getByRole('button', { name: `Undo the deletion of ${name}` }).waitFor()
    }
    await page.getByRole('button', { name: 'Undo the deletion of alpha' }).click()
    await eventually(() => app.api.repl(alpha!.id).phase === 'STOPPED')
    await page.getByRole('button', { name: 'Undo the deletion of beta' }).waitFor()
    app.api.change(alpha!.id, { phase: 'DELETED' })

    await page.reload()
    await page.getByText('Deleted (').click()
    const gone = page.getByRole('list', { name: 'Deleted REPLs' })
    const until = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
    const row = gone.getByRole('listitem').filter({ hasText: 'beta' })
    await row.getByText(`Kept until ${until.format(app.api.repl(beta!.id).goneAt)}`).waitFor()
    expect(await findings(page), 'deleted ones').toEqual([])
    for (const name of ['alpha', 'beta']) {
      await gone.getByRole('button', { name: `Bring back ${name}` }).click()
      await page.getByRole('button', { name: `More for ${name}` }).waitFor()
    }
    expect([alpha, beta].map((repl) => app.api.repl(repl!.id).phase)).toEqual(['STOPPED', 'STOPPED'])
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Your REPLs')
    expect(faults).toEqual([])
    for (const repl of [alpha, beta]) app.api.change(repl!.id, { phase: 'DELETED' })
    await context.close()
  },
)

test.skipIf(noBrowser)(
  'what is refused is said where it was asked, and nothing is lost of what was typed',
  async () => {
    const { page, context } = await signedIn()
    await page.getByRole('button', { name: 'New REPL' }).first().click()
    await page.getByRole('textbox', { name: 'Name' }).fill('<b>')
    await page.getByRole('button', { name: 'Create and start' }).click()
    await page.getByText(/Use letters, digits/).waitFor()
    expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('<b>')

    await context.setOffline(true)
    await page.getByRole('textbox', { name: 'Name' }).fill('offline')
    await page.getByRole('button', { name: 'Create and start' }).click()
    await page.getByText('The server cannot be reached. Check the connection and try again.').waitFor()
    await context.setOffline(false)
    await context.close()
  },
)

test.skipIf(noBrowser)('the whole way works by keyboard alone', async () => {
  const repl = app.api.newRepl(ada, 'by-keys')
  const { page, context } = await signedIn()
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Go to the content')
  const press = async (name: string | RegExp): Promise<void> => {
    for (let tries = 0; tries < 20; tries++) {
      await page.keyboard.press('Tab')
      const focused = await page.evaluate<string>(
        'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent',
      )
      if (typeof name === 'string' ? focused.trim() === name : name.test(focused))
        return page.keyboard.press('Enter')
    }
    throw new Error(`the Tab key never came to ${String(name)}`)
  }
  await press('More for by-keys')
  await page.getByRole('menu').waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Escape')
  await eventually(
    async () =>
      (await page.evaluate('document.activeElement.getAttribute("aria-label")')) === 'More for by-keys',
  )
  await page.keyboard.press('Enter')
  await page.keyboard.type('re')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Rename by-keys' }).waitFor()
  await page.keyboard.type('named-by-keys')
  await page.keyboard.press('Enter')
  await eventually(() => app.api.repl(repl.id).name === 'named-by-keys')
  app.api.change(repl.id, { phase: 'DELETED' })
  await context.close()
})

test.skipIf(noBrowser)(
  'A-5 a guest with an invite gives a name and is in; a viewer is told whom to ask',
  async () => {
    const repl = app.api.newRepl(ada, 'lecture', { phase: 'STOPPED' })
    const { page, faults, context } = await newPersonPage(browser)
    await page.goto(`${app.url}/invite/${app.api.newInvite(repl, 'viewer').code}`)
    await page.getByRole('heading', { name: 'Ada Lovelace invites you to lecture' }).waitFor()
    await page.getByLabel('Your name').fill('Grace')
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByRole('heading', { name: 'lecture is stopped' }).waitFor()
    await page.getByText('You are a viewer: ask Ada Lovelace to do it.').waitFor()
    expect(await page.getByRole('button', { name: 'Start' }).count()).toBe(0)
    expect(faults).toEqual([])
    app.api.change(repl.id, { phase: 'DELETED' })
    await context.close()
  },
)

test.skipIf(noBrowser)(
  'the workbench outlives a stop and an API that is gone, so that what was typed stays in the page',
  async () => {
    const running = { phase: 'RUNNING', desired: 'running', level: 'process' } as const
    const repl = app.api.newRepl(ada, 'kept', running)
    const { page, faults, context } = await signedIn()
    await page.goto(`${app.url}/repl/${repl.id}`)
    const bench = page.getByTestId('workbench')
    await bench.waitFor()
    await bench.evaluate((element) => element.setAttribute('data-same', 'yes'))

    app.api.failWith(new AppError('unavailable', { say: 'The orchestrator is down.' }))
    app.api.dropStreams()
    const failedLook = page.waitForResponse(
      (response) => response.url().endsWith('/now') && response.status() === 503,
    )
    await failedLook
    app.api.failWith(null)
    expect(await bench.getAttribute('data-same')).toBe('yes')

    app.api.change(repl.id, { phase: 'STOPPED', desired: 'stopped', level: null })
    await page.getByRole('dialog', { name: 'Session of kept' }).getByText('kept is stopped').waitFor()
    expect(await findings(page)).toEqual([])
    await page.getByRole('button', { name: 'Go on reading' }).click()
    await page.getByRole('button', { name: 'Show the session' }).click()
    await page.getByRole('button', { name: 'Start', exact: true }).click()
    await eventually(() => app.api.repl(repl.id).phase === 'STARTING')
    app.api.change(repl.id, running)
    await page.getByRole('dialog', { name: 'Session of kept' }).waitFor({ state: 'detached' })
    expect(await bench.getAttribute('data-same')).toBe('yes')
    expect(faults).toEqual([])
    app.api.change(repl.id, { phase: 'DELETED' })
    await context.close()
  },
)

test.skipIf(noBrowser)(
  'F-10 what an overtaken session left is offered in the workbench, brought in once, and told',
  async () => {
    const say = 'A session that was overtaken had not backed up 1 file (13 B). It is kept beside this REPL.'
    const orphan = { id: '1-a', generation: 1, at: Date.now(), files: 1, bytes: 13, say }
    const running = { phase: 'RUNNING', desired: 'running', level: 'process' } as const
    const repl = app.api.newRepl(ada, 'overtaken', { ...running, orphans: [orphan] })
    const { page, context } = await signedIn()
    await page.goto(`${app.url}/repl/${repl.id}`)
    await page.getByText(say).waitFor()
    const zip = page.getByRole('link', { name: 'Download as zip' })
    expect(await zip.getAttribute('href')).toBe(`/repl/${repl.id}/kept/1-a`)
    expect(await findings(page)).toEqual([])

    await page.getByRole('button', { name: 'Bring it in' }).click()
    await page.getByText('Brought in: 3 edits. 1 file lies beside yours').waitFor()
    await page.getByText(say).waitFor({ state: 'detached' })
    expect(app.api.asked.filter((what) => what.includes('/take '))).toHaveLength(1)
    app.api.change(repl.id, { phase: 'DELETED' })
    await context.close()
  },
)

test.skipIf(noBrowser)(
  'F-7 F-11 the workbench says since when backups fail and what is safe; a download that fails there is a page of its own',
  async () => {
    const running = { phase: 'RUNNING', desired: 'running', level: 'process' } as const
    const repl = app.api.newRepl(ada, 'ailing', running)
    const { page, context } = await signedIn()
    await page.goto(`${app.url}/repl/${repl.id}`)
    await page.getByTestId('workbench').waitFor()
    expect(await page.getByTestId('backup-trouble').count()).toBe(0)

    const since = new Date().setHours(0, 1, 0, 0)
    const say = 'The disk of the object store is full.'
    app.api.change(repl.id, { backupTrouble: { since, say } })
    const bar = page.getByTestId('backup-trouble')
    await bar.getByText(`Backups fail since 00:01: ${say} Your work is on the disk of the machine`).waitFor()
    expect(await findings(page)).toEqual([])
    app.api.change(repl.id, { backupTrouble: undefined })
    await bar.waitFor({ state: 'detached' })

    app.api.zip.isThere = false
    const other = await context.newPage()
    await other.goto(`${app.url}/repl/${repl.id}/zip`)
    await other.getByRole('heading', { name: 'This cannot be downloaded now' }).waitFor()
    expect(await findings(other)).toEqual([])
    await other.getByRole('link', { name: 'Back to the REPL' }).click()
    await other.getByTestId('workbench').waitFor()
    app.api.change(repl.id, { phase: 'DELETED' })
    await context.close()
  },
)

test.skipIf(noBrowser)('the theme is worn at once and kept', async () => {
  const { page, context } = await signedIn({ colorScheme: 'light' })
  const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor')
  expect(await ground()).toBe('rgb(255, 255, 255)')
  await page.getByRole('button', { name: /theme and sign-out/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  await eventually(async () => (await ground()) === 'rgb(15, 18, 22)')
  await eventually(async () =>
    (await context.cookies()).some(({ name, value }) => name === 'devex-theme' && value === 'dark'),
  )
  await page.reload()
  expect(await ground()).toBe('rgb(15, 18, 22)')
  await context.close()
})

test.skipIf(noBrowser)('the dashboard weighs at most 250 kB compressed', async () => {
  const { page, context } = await signedIn()
  const weights = new Map<string, number>()
  page.on('response', async (response) => {
    const body = await response.body().catch(() => Buffer.alloc(0))
    const isFont = response.url().endsWith('.woff2')
    weights.set(response.url(), isFont ? body.length : gzipSync(body, { level: 9 }).length)
  })
  await context
    .newCDPSession(page)
    .then((debug) => debug.send('Network.setCacheDisabled', { cacheDisabled: true }))
  await page.reload({ waitUntil: 'networkidle' })
  const total = [...weights.values()].reduce((sum, bytes) => sum + bytes, 0)
  expect(weights.size).toBeGreaterThan(3)
  expect(total, JSON.stringify([...weights])).toBeLessThanOrEqual(dashboardBytes)
  await context.close()
})

test.skipIf(noBrowser)(
  'axe finds nothing serious on any page, light and dark, wide and narrow',
  { timeout: 120_000 },
  async () => {
    const made = app.api.newRepl(ada, 'a11y', {
      phase: 'RUNNING',
      desired: 'running',
      level: 'process',
      committedAt: Date.now(),
    })
    const failed = app.api.newRepl(ada, 'broken', {
      phase: 'START_FAILED',
      desired: 'running',
      generation: 1,
      reason: 'The runner ended with code 1.',
    })
    const saving = app.api.newRepl(ada, 'saving', { phase: 'FLUSHING', generation: 1, level: 'process' })
    app.api.step(failed.id, 'reserve', 'done', 'Reserved a place')
    app.api.step(failed.id, 'boot', 'failed', 'The runner ended')
    app.api.step(saving.id, 'flush', 'begun', 'Saving 3 files')
    const used = app.api.newLink(ada)
    for (const look of [
      { colorScheme: 'light', width: 1440 },
      { colorScheme: 'dark', width: 390 },
    ] as const) {
      const out = await newPersonPage(browser, look)
      for (const path of [
        '/',
        `/welcome/${used}`,
        `/invite/${app.api.newInvite(made, 'editor').code}`,
        '/nothing',
      ]) {
        await out.page.goto(app.url + path)
        expect.soft(await findings(out.page), `${path} signed out, ${look.colorScheme}`).toEqual([])
      }
      await out.context.close()
      const { page, context } = await signedIn(look)
      for (const path of ['/', `/repl/${failed.id}`, `/repl/${saving.id}`]) {
        await page.goto(app.url + path, { waitUntil: 'load' })
        expect.soft(await findings(page), `${path}, ${look.colorScheme}`).toEqual([])
      }
      await page.goto(app.url)
      await page.getByRole('button', { name: 'More for a11y' }).click()
      expect.soft(await findings(page), 'menu').toEqual([])
      await page.getByRole('menuitem', { name: 'Delete…' }).click()
      expect.soft(await findings(page), 'delete').toEqual([])
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByRole('button', { name: 'New REPL' }).click()
      await page.getByRole('button', { name: 'Create and start' }).click()
      expect.soft(await findings(page), 'new').toEqual([])
      await context.close()
    }
  },
)
