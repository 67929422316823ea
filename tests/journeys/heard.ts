// What a screen reader says by itself: keeps every change in the live regions of a page. It hears no order of urgency.
import type { Page } from 'playwright-core'

const live = '[aria-live=polite], [aria-live=assertive], [role=status], [role=alert]'

/** From now on. Each change of a region counts, with all that the region then says. */
export async function listenToRegions(page: Page): Promise<void> {
  await page.evaluate((regions) => {
    const kept: string[] = []
    Object.assign(window, { heardWords: kept })
    const hear = (node: Node): void => {
      const element = node instanceof Element ? node : node.parentElement
      const region = element?.closest(regions)
      if (region) kept.push(region.textContent)
    }
    new MutationObserver((changes) => {
      const nodes = changes.flatMap(({ type, target, addedNodes }) =>
        type === 'childList' ? [...addedNodes] : [target],
      )
      for (const node of nodes) hear(node)
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
  }, live)
}

/** What was heard since the last time, oldest first. */
export async function heardIn(page: Page): Promise<string[]> {
  return page.evaluate<string[]>('window.heardWords.splice(0).filter((words) => words.trim() !== "")')
}
