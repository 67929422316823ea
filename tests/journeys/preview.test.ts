// Previews in a real browser: a dev server with hot reload inside the pane, and a page that tries everything it must not reach.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser, newPersonPage, noBrowser } from '../support/browser.ts'
import type { PersonPage } from '../support/browser.ts'
import { startProduct } from '../support/product.ts'
import type { Product } from '../support/product.ts'
import * as screen from './screen.ts'

let product: Product
let browser: Browser
let ada: PersonPage

beforeAll(async () => {
  if (noBrowser) return
  product = await startProduct()
  browser = await launchBrowser()
  ada = await newPersonPage(browser)
})

afterAll(async () => {
  await browser?.close()
  await product?.stop()
  product?.clean()
})

const frameOf = (page: Page): FrameLocator => page.getByTestId('preview').frameLocator('iframe')

test.skipIf(noBrowser)('P-1 a page that a program serves opens in the pane', async () => {
  await screen.signIn(ada.page, product.link)
  await screen.createRepl(ada.page, { template: 'Python', name: 'two-sum' })
  await screen.workbench(ada.page)
  await screen.openTerminal(ada.page)
  await screen.typeInTerminal(
    ada.page,
    'echo "<h1>hello from here</h1>" > index.html; python3 -m http.server 0',
  )
  await ada.page.getByTestId('ports').click({ timeout: 20_000 })
  await frameOf(ada.page).getByRole('heading', { name: 'hello from here' }).waitFor({ timeout: 20_000 })
  await ada.page.screenshot({ path: '/tmp/preview-1.png' })
})
