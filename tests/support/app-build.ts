// Test part: the built pages, fresh. Tests that run at the same time wait for one builder.
import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { buildMissing, root } from '../../scripts/build.mjs'

const lockFolder = join(root, 'build', 'pages.lock')
/** Milliseconds after which another builder is taken for dead: a build with the editor takes about a minute. */
const deadLockMs = 240_000
const lookAgainMs = 250

async function takeLock(): Promise<boolean> {
  await mkdir(join(root, 'build'), { recursive: true })
  try {
    await mkdir(lockFolder)
    return true
  } catch {
    const made = await stat(lockFolder).catch(() => null)
    if (made && Date.now() - made.mtimeMs > deadLockMs) await rm(lockFolder, { recursive: true, force: true })
    return false
  }
}

/** The folder of the built pages, built now when a source is newer. */
export async function freshAppBuild(): Promise<string> {
  while (!(await takeLock())) await new Promise((resolve) => setTimeout(resolve, lookAgainMs))
  try {
    await buildMissing()
  } finally {
    await rm(lockFolder, { recursive: true, force: true })
  }
  return join(root, 'build', 'app')
}
