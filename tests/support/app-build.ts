// Test part: the built pages, built again only when a source is newer than the build. One builder at a time.
import { execFile } from 'node:child_process'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
const buildFolder = join(root, 'build', 'app')
const lockFolder = join(root, 'build', 'app.lock')
/** Milliseconds after which another builder is taken for dead: a build with the editor takes about a minute. */
const deadLockMs = 240_000

async function newestIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const times = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).mtimeMs),
  )
  return Math.max(0, ...times)
}

async function isFresh(): Promise<boolean> {
  const built = await stat(join(buildFolder, 'server', 'index.js')).catch(() => null)
  if (!built) return false
  const folders = ['app', 'protocol'].map((folder) => newestIn(join(root, folder)))
  const sources = await Promise.all([
    ...folders,
    stat(join(root, 'vite.config.ts')).then(({ mtimeMs }) => mtimeMs),
  ])
  return built.mtimeMs > Math.max(...sources)
}

async function takeLock(): Promise<boolean> {
  try {
    await mkdir(join(root, 'build'), { recursive: true })
    await mkdir(lockFolder)
    return true
  } catch {
    const age = Date.now() - ((await stat(lockFolder).catch(() => null))?.mtimeMs ?? Date.now())
    if (age > deadLockMs) await rm(lockFolder, { recursive: true, force: true })
    return false
  }
}

/** The folder of the built pages, fresh. */
export async function freshAppBuild(): Promise<string> {
  while (!(await isFresh())) {
    if (!(await takeLock())) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      continue
    }
    try {
      const remix = join(root, 'node_modules', '@remix-run', 'dev', 'dist', 'cli.js')
      await promisify(execFile)(process.execPath, [remix, 'vite:build'], {
        cwd: root,
        maxBuffer: 64 * 1024 * 1024,
      })
    } finally {
      await rm(lockFolder, { recursive: true, force: true })
    }
  }
  return buildFolder
}
