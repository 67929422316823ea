// A product for one test file and a browser in which its owner ada is signed in: there before the first test, gone after the last.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import * as screen from '../journeys/screen.ts'
import { launchBrowser, newPersonPage, noBrowser, type PersonPage } from './browser.ts'
import { startProduct, type Product } from './product.ts'

/** All are there once the tests run; a test that starts another product in its place puts it here. */
export type Seen = {
  product: Product
  browser: Browser
  ada: PersonPage
  /** Id of the repl that was asked for; she is in its workbench. */
  repl: string
}

type Wish = {
  start?: () => Promise<Product>
  /** Arguments of the browser for this file alone. */
  browserArgs?: readonly string[]
  /** Made and entered before the first test. */
  repl?: { template: string; name: string }
  /** Why nothing can be started here; the tests are then left out. */
  lacking?: string | null
}

export function seenProduct(wish: Wish = {}): Seen {
  const { start = startProduct, browserArgs = [], repl, lacking = noBrowser } = wish
  const here = {} as Seen
  beforeAll(async () => {
    if (lacking !== null) return
    here.product = await start()
    here.browser = await launchBrowser(browserArgs)
    here.ada = await newPersonPage(here.browser)
    const { page } = here.ada
    await screen.signIn(page, here.product.link)
    if (repl === undefined) return
    await screen.createRepl(page, repl)
    await screen.workbench(page)
    here.repl = new URL(page.url()).pathname.split('/')[2] ?? ''
  }, 300_000)
  afterAll(async () => {
    await here.browser?.close()
    await here.product?.stop()
    here.product?.clean()
  })
  return here
}
