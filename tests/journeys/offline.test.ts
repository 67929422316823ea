// Edits made while something is away, in a real browser against the whole product: words are true, and each edit arrives once.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser, newPersonPage, noBrowser, type PersonPage } from '../support/browser.ts'
import { eventually } from '../support/eventually.ts'
import { programOf, slay } from '../support/processes.ts'
import { startProduct, type Product } from '../support/product.ts'
import { unplug } from '../support/unplugged.ts'
import { Visitor, type Inhabitant } from '../support/visitor.ts'
import * as screen from './screen.ts'
import { allKept, expectEachOnce, timesIn, typeAtEnd, words } from './typed-words.ts'

let product: Product
let browser: Browser
let ada: PersonPage
/** Ada again, without a browser: what she does elsewhere. */
let elsewhere: Visitor
let repl: string

const file = 'main.py'
const onDisk = (): string => readFileSync(join(workspace(), file), 'utf8')
const status = (page: Page) => page.getByTestId('status')

function workspace(): string {
  const found = execFileSync('find', [product.data, '-type', 'd', '-name', 'workspace'], { encoding: 'utf8' })
  return found.split('\n')[0] ?? ''
}

type Running = { pid: number; parent: number; command: string }

function running(): Running[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid, parent, ...command] = line.trim().split(/\s+/)
    return { pid: Number(pid), parent: Number(parent), command: command.join(' ') }
  })
}

/** A process of this very product, by its program's name. */
function processOf(program: string): number {
  const all = running()
  const up = all.find(({ command }) => command.includes(product.data) && command.includes('start.mjs'))
  const found = all.find(({ parent, command }) => parent === up?.pid && command.includes(program))
  if (found === undefined) throw new Error(`${program} does not run`)
  return found.pid
}

/** Milliseconds between two deaths of the relay. */
const killEveryMs = 200

function killRelay(): void {
  try {
    process.kill(processOf('collab-server'), 'SIGKILL')
  } catch {
    // It is not back yet.
  }
}

/** How many stores of edits this browser holds. */
const stores = (page: Page): Promise<number> =>
  page.evaluate(
    async () => (await indexedDB.databases()).filter(({ name }) => name?.startsWith('devex-edits')).length,
  )

/** Another file takes the place of `file`: same text below a new first line, but another document. */
async function replaced(tree: ReturnType<Inhabitant['tree']>, inside: Inhabitant): Promise<Inhabitant> {
  const ask = async (event: string, what: object): Promise<void> => {
    const answer: unknown = await tree.timeout(10_000).emitWithAck(event as never, what as never)
    expect(answer).toMatchObject({ ok: true })
  }
  const old = onDisk()
  await ask('create', { path: 'other.py', kind: 'file' })
  const other = await inside.edit('other.py')
  other.text.insert(0, `# another history\n${old}`)
  await eventually(() => readFileSync(join(workspace(), 'other.py'), 'utf8').includes(old))
  await ask('remove', { paths: [file] })
  await ask('move', { from: 'other.py', to: file })
  return inside
}

async function comeBack(): Promise<Page> {
  const page = await ada.context.newPage()
  page.on('pageerror', (fault) => ada.faults.push(String(fault)))
  await page.goto(`${product.url}/repl/${repl}`)
  await page.getByTestId('workbench').waitFor({ timeout: 60_000 })
  return page
}

/** In the page: with what codes its sockets were closed. */
function keepCloseCodes(): void {
  const codes: number[] = []
  const Native = window.WebSocket
  window.WebSocket = class extends Native {
    constructor(...how: ConstructorParameters<typeof WebSocket>) {
      super(...how)
      this.addEventListener('close', ({ code }) => codes.push(code))
    }
  }
  Object.assign(window, { closeCodes: codes })
}

/** Records before the last of the file: behind them lies the one that says what the file holds. */
const damagedBefore = 5

/**
 * Damages the log under the last that was written of the file and kills the runner: what comes then cannot tell any more what of
 * the file it wrote itself, so it begins a new history.
 */
async function endHistory(doc: string): Promise<void> {
  const folder = join(workspace(), '../state/log')
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name))
    const records: number[] = []
    for (let at = bytes.indexOf(doc); at >= 0; at = bytes.indexOf(doc, at + 1)) records.push(at)
    const damaged = records.at(-damagedBefore)
    if (damaged === undefined) continue
    bytes.writeUInt8(bytes.readUInt8(damaged) ^ 0xff, damaged)
    writeFileSync(join(folder, name), bytes)
  }
  await slay(programOf(repl, 'runner'))
}

describe.skipIf(noBrowser)('offline', () => {
  beforeAll(async () => {
    product = await startProduct()
    browser = await launchBrowser()
    ada = await newPersonPage(browser)
    await screen.signIn(ada.page, product.link)
    await screen.createRepl(ada.page, { template: 'Python', name: 'offline' })
    await screen.workbench(ada.page)
    repl = new URL(ada.page.url()).pathname.split('/').at(-1) ?? ''
    const cookies = await ada.context.cookies()
    elsewhere = Visitor.with(product.url, cookies.map(({ name, value }) => `${name}=${value}`).join('; '))
  })

  afterAll(async () => {
    await browser?.close()
    await product?.stop()
    product?.clean()
  })

  test('C-5 C-6 the relay dies while ada types: the page says so, counts, and all she typed arrives once', async () => {
    const { page } = ada
    const typed = words('relay', 16)
    await typeAtEnd(page, typed.slice(0, 4))
    const said = status(page)
      .getByText(/Offline since \d\d:\d\d — typing is kept here, \d+ edits? waits?/)
      .waitFor()
    // It is started again at once, and dies as often as it takes for the words to be read.
    const dying = setInterval(killRelay, killEveryMs)
    await Promise.all([said, typeAtEnd(page, typed.slice(4))]).finally(() => clearInterval(dying))
    await status(page).getByText('Synced').waitFor({ timeout: 30_000 })
    await screen.saved(page)
    await eventually(() => timesIn(onDisk(), typed.at(-1) ?? '') === 1)
    expectEachOnce(onDisk(), typed)
    expect(await screen.editorText(page)).toBe(onDisk())
  })

  test('C-5 edits made offline in a tab that is closed arrive once when the repl is entered again, though no file is open', async () => {
    const typed = words('closed', 5)
    await unplug(ada.context, product.url)
    await typeAtEnd(ada.page, typed)
    await status(ada.page)
      .getByText(/Offline since .* edits wait/)
      .waitFor()
    await allKept(ada.page)
    await ada.page.getByRole('tab', { name: file }).press('Delete')
    await ada.page.close()
    await ada.context.setOffline(false)
    ada.page = await comeBack()
    await eventually(() => timesIn(onDisk(), typed.at(-1) ?? '') === 1)
    expectEachOnce(onDisk(), typed)
    await eventually(async () => (await stores(ada.page)) === 0, 30_000)
  })

  test('C-11 edits that wait when a session stops arrive once after the next start', async () => {
    const { page } = ada
    const typed = words('stopped', 5)
    await screen.openFile(page, file)
    await screen.workbench(page)
    await unplug(ada.context, product.url)
    await typeAtEnd(page, typed)
    await allKept(page)
    const folder = workspace()
    await elsewhere.post(`/repl/${repl}/stop`)
    await eventually(() => !existsSync(folder), 30_000)
    await ada.context.setOffline(false)
    await status(page)
      .getByText(/^Stopped — \d+ edits wait$/)
      .waitFor()
    ;(await elsewhere.start(repl)).leave()
    await status(page).getByText('Synced').waitFor({ timeout: 30_000 })
    await screen.saved(page)
    await eventually(() => timesIn(onDisk(), typed.at(-1) ?? '') === 1)
    expectEachOnce(onDisk(), typed)
    expect(await screen.editorText(page)).toBe(onDisk())
  })

  test('C-11 edits made offline in a file that was replaced meanwhile come into the new one, once', async () => {
    const typed = words('replaced', 5)
    await screen.workbench(ada.page)
    await unplug(ada.context, product.url)
    await typeAtEnd(ada.page, typed)
    await allKept(ada.page)
    const old = onDisk()
    expect(await screen.editorText(ada.page)).toBe(`${old} ${typed.join(' ')}`)
    await ada.page.close()
    const inside = await elsewhere.enter(repl)
    const tree = inside.tree()
    const fresh = await (await replaced(tree, inside)).edit(file)
    expect(fresh.text.toString()).toBe(`# another history\n${old}`)
    await ada.context.setOffline(false)
    ada.page = await comeBack()
    await eventually(() => timesIn(onDisk(), typed.at(-1) ?? '') === 1)
    expectEachOnce(onDisk(), typed)
    expect(onDisk()).toBe(`# another history\n${old} ${typed.join(' ')}`)
    inside.leave()
    await eventually(async () => (await stores(ada.page)) === 0, 30_000)
  })

  test('C-11 two tabs of ada have edits of their own in one file while offline: all of both arrive, each once', async () => {
    const typed = { one: words('tabone', 5), two: words('tabtwo', 5) }
    await screen.workbench(ada.page)
    const other = await comeBack()
    await screen.openFile(other, file)
    await screen.workbench(other)
    await unplug(ada.context, product.url)
    for (const [page, mine] of [
      [ada.page, typed.one],
      [other, typed.two],
    ] as const) {
      await page.bringToFront()
      await typeAtEnd(page, mine)
      await status(page)
        .getByText(/Offline since .* edits wait/)
        .waitFor()
      await allKept(page)
    }
    await ada.context.setOffline(false)
    for (const page of [ada.page, other]) {
      await page.bringToFront()
      await status(page).getByText('Synced').waitFor({ timeout: 30_000 })
      await screen.saved(page)
    }
    await eventually(
      () => timesIn(onDisk(), typed.one.at(-1) ?? '') + timesIn(onDisk(), typed.two.at(-1) ?? '') === 2,
    )
    expectEachOnce(onDisk(), [...typed.one, ...typed.two])
    for (const page of [ada.page, other]) {
      await page.bringToFront()
      expect(await screen.editorText(page)).toBe(onDisk())
    }
    await other.close()
  })

  test('C-2 C-11 the history ends while ada is offline: her room is refused with 4409, and her edits arrive once as text', async () => {
    const typed = words('newhistory', 5)
    await ada.page.close()
    await ada.context.addInitScript(keepCloseCodes)
    ada.page = await comeBack()
    await screen.workbench(ada.page)
    await typeAtEnd(ada.page, ['before'])
    await screen.saved(ada.page)
    await eventually(() => onDisk().endsWith(' before'))
    await unplug(ada.context, product.url)
    await typeAtEnd(ada.page, typed)
    await allKept(ada.page)
    const old = onDisk()
    const before = await elsewhere.enter(repl)
    const { provider } = await before.edit(file)
    before.leave()
    await endHistory(provider.roomname.split('/')[1] ?? '')
    const inside = await elsewhere.enter(repl)
    const { text, provider: fresh } = await eventually(() => inside.edit(file), 30_000)
    expect(text.toString()).toBe(old)
    expect(fresh.roomname).not.toBe(provider.roomname)
    inside.leave()

    await ada.context.setOffline(false)

    await eventually(() => timesIn(onDisk(), typed.at(-1) ?? '') === 1, 30_000)
    expect(await ada.page.evaluate(() => Reflect.get(window, 'closeCodes'))).toContain(4409)
    expect(onDisk()).toBe(`${old} ${typed.join(' ')}`)
    await status(ada.page).getByText('Synced').waitFor({ timeout: 30_000 })
    expect(await screen.editorText(ada.page)).toBe(onDisk())
  })

  test('no page failed', () => {
    expect(ada.faults).toEqual([])
  })
})
