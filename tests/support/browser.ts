// A real Chromium for journeys: one browser, a fresh context a person, and the page's own errors kept for the test.
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { hasProgram } from '../../scripts/parts.mjs'

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Terminals then draw their text into the page, where a test can read it.
  '--disable-webgl',
  '--disable-webgl2',
]

/** Why journeys cannot run here, or null. */
export const noBrowser: string | null = hasProgram('chromium')
  ? null
  : 'chromium is not installed (npm run setup:tests)'

/** `more`: arguments for this journey alone. */
export function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: [...args, ...more] })
}

export type PersonPage = { context: BrowserContext; page: Page; faults: string[] }

/** A person's own context and page; uncaught errors of the page are collected in `faults`. */
export async function newPersonPage(
  browser: Browser,
  look: { width?: number; height?: number; colorScheme?: 'light' | 'dark'; isPhone?: boolean } = {},
): Promise<PersonPage> {
  const { width = 1440, height = 900, colorScheme = 'dark', isPhone = false } = look
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme,
    // A finger: rows and buttons are larger.
    hasTouch: isPhone,
    isMobile: isPhone,
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (fault) => faults.push(String(fault)))
  return { context, page, faults }
}
