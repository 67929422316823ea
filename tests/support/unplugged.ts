// A browser's network taken away as when an interface goes down: nothing gets through, and what was open is reset.
import { spawnSync } from 'node:child_process'
import type { BrowserContext } from 'playwright-core'

/**
 * Takes it away until `context.setOffline(false)`. Chromium alone leaves open sockets open, where its network process spins on
 * them; whatever else is connected to the product at `url` comes again. A machine without `ss -K` only does without the reset.
 */
export async function unplug(context: BrowserContext, url: string): Promise<void> {
  await context.setOffline(true)
  spawnSync('ss', ['-K', 'dport', '=', `:${new URL(url).port}`], { stdio: 'ignore' })
}
