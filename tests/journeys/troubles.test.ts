// What people see when a disk is full or the store of backups is away, in a real browser against the whole product: the reason,
// what waits and where it is, and that everything goes on without a loss once the trouble is over.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchBrowser, newPersonPage, noBrowser, type PersonPage } from '../support/browser.ts'
import { startProduct, type Product } from '../support/product.ts'
import { canMount, fill, seenBy, withSmallDisk } from '../support/small-disk.ts'
import { Visitor } from '../support/visitor.ts'
import * as screen from './screen.ts'
import { allKept, eachOnceIn, expectEachOnce, typeAtEnd, words } from './typed-words.ts'

if (!canMount)
  console.warn(
    'troubles.test.ts: no disk is filled (mounting needs root and unshare); the store alone is tested',
  )

let product: Product
let browser: Browser
let ada: PersonPage
let grace: PersonPage
let repl: string
let sandboxes: string

const file = (): string => join(sandboxes, repl, 'work/workspace/main.py')
const status = (page: Page) => page.getByTestId('status')
/** An edit that the log's reserve (an eighth of a small disk) takes, and for whose file there is no room beside it. */
const large = `${'x'.repeat(79)}\n`.repeat(9_000)
const typed = {
  before: words('before', 5),
  waiting: words('waiting', 10),
  after: words('after', 5),
}

/** A file lies where the store was. A backup under way may make the folder anew in between: then it is done again. */
function takeAway(store: string): void {
  renameSync(store, `${store}-away`)
  try {
    writeFileSync(store, 'not a folder', { flag: 'wx' })
  } catch {
    rmSync(store, { recursive: true })
    renameSync(`${store}-away`, store)
    takeAway(store)
  }
}

describe.skipIf(noBrowser)('troubles', () => {
  beforeAll(async () => {
    const within = (data: string): string[] => {
      mkdirSync(join(data, 'sandboxes'), { mode: 0o700 })
      return withSmallDisk(join(data, 'sandboxes'))
    }
    product = await startProduct(canMount ? { within } : {})
    sandboxes = seenBy(product.pid, join(product.data, 'sandboxes'))
    browser = await launchBrowser()
    ada = await newPersonPage(browser)
    grace = await newPersonPage(browser)
    await screen.signIn(ada.page, product.link)
    await screen.createRepl(ada.page, { template: 'Python', name: 'troubles' })
    await screen.workbench(ada.page)
    repl = new URL(ada.page.url()).pathname.split('/').at(-1) ?? ''
    await screen.openTerminal(ada.page)
    await typeAtEnd(ada.page, typed.before)
    await screen.saved(ada.page)
  })

  afterAll(async () => {
    await browser?.close()
    await product?.stop()
    product?.clean()
  })

  test.runIf(canMount)(
    'W-9 T-7 C-6 the disk is full: everybody reads why, edits wait in the page, Enter is refused, and all is there once there is room',
    async () => {
      await screen.acceptInvite(grace.page, await screen.inviteLink(ada.page), 'Grace')
      await screen.workbench(grace.page)
      const cookies = await ada.context.cookies()
      const elsewhere = Visitor.with(
        product.url,
        cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
      )
      const inside = await elsewhere.enter(repl)
      const { text } = await inside.edit('README.md')
      await grace.context.setOffline(true)
      await typeAtEnd(grace.page, typed.waiting)
      await allKept(grace.page)

      fill(sandboxes)
      onTestFinished(() => rmSync(join(sandboxes, 'filler'), { force: true }))
      text.insert(text.length, large)

      await ada.page
        .getByText(/disk is full/)
        .first()
        .waitFor({ timeout: 30_000 })
      await status(ada.page).getByText('Read only').waitFor()
      const seen = await screen.editorText(ada.page)
      await typeAtEnd(ada.page, ['refused'])
      expect(await screen.editorText(ada.page)).toBe(seen)
      await screen.typeInTerminal(ada.page, 'echo old-$((1+1))')
      await ada.page
        .getByRole('region', { name: 'Terminals' })
        .getByRole('alert')
        .filter({ hasText: /disk is full/ })
        .waitFor()
      expect(await screen.terminalText(ada.page)).not.toContain('old-2')
      await grace.context.setOffline(false)
      await status(grace.page)
        .getByText(/^Read only — \d+ edits wait$/)
        .waitFor({ timeout: 30_000 })
      await grace.page
        .getByText(/disk is full/)
        .first()
        .waitFor()
      await allKept(grace.page)
      expect(readFileSync(file(), 'utf8')).not.toContain(typed.waiting[0])

      rmSync(join(sandboxes, 'filler'))

      for (const { page } of [ada, grace]) {
        await status(page).getByText('Synced').waitFor({ timeout: 30_000 })
        await screen.saved(page)
      }
      await eachOnceIn(file(), [...typed.before, ...typed.waiting])
      expect(readFileSync(join(file(), '../README.md'), 'utf8')).toBe(text.toString())
      expect(text.toString().endsWith(large)).toBe(true)
      expect(await screen.editorText(grace.page)).toBe(readFileSync(file(), 'utf8'))
      await screen.typeInTerminal(ada.page, '')
      await screen.typeInTerminal(ada.page, 'echo new-$((1+1))')
      await screen.terminalShows(ada.page, 'new-2')
      inside.leave()
    },
  )

  test('R-7 F-11 the store is away at a stop: the page says so, offers the work as a zip, and the backup lands once it is back', async () => {
    const { page } = ada
    const store = join(product.data, 'objects')
    await typeAtEnd(page, typed.after)
    await screen.saved(page)
    takeAway(store)
    // A product whose store is away would not end.
    let isAway = true
    const bringBack = (): void => {
      if (!isAway) return
      isAway = false
      rmSync(store)
      renameSync(`${store}-away`, store)
    }
    onTestFinished(bringBack)

    await page.keyboard.press('Control+K')
    await page.keyboard.type('Stop this REPL')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Stop troubles' }).click()
    const panel = page.getByRole('dialog', { name: 'Session of troubles' })
    await panel.getByRole('heading', { name: 'The backup of troubles failed' }).waitFor({ timeout: 30_000 })
    await panel.getByText(/The object store is not there.* The files are still here/).waitFor()
    const saving = page.waitForEvent('download')
    await panel.getByRole('link', { name: 'Download as zip' }).click()
    const archive = unzipSync(await readFile(await (await saving).path()))
    const kept = strFromU8(archive['main.py'] ?? new Uint8Array())
    expectEachOnce(kept, [...typed.before, ...typed.after])
    expect(kept).toBe(readFileSync(file(), 'utf8'))

    bringBack()
    await panel.getByRole('button', { name: 'Try the backup again now' }).click()
    await panel.getByRole('heading', { name: 'troubles is stopped' }).waitFor({ timeout: 30_000 })
    await panel.getByRole('button', { name: 'Start' }).click()
    await status(page).getByText('Synced').waitFor({ timeout: 30_000 })
    await eachOnceIn(file(), [...typed.before, ...typed.after])
    expect(await screen.editorText(page)).toBe(kept)
  })

  test('no page failed', () => {
    expect([ada.faults, grace.faults]).toEqual([[], []])
  })
})
