// Our server programs as they are shipped: one bundled file each, packages beside it. Built once for a test file.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')
let built = 0

/** Bundles `source` (from the top of the repository); `remove` takes the bundle away. */
export async function bundle(source: string): Promise<{ path: string; remove(): Promise<void> }> {
  built += 1
  const path = join(root, 'build', `test-${process.pid}-${built}.mjs`)
  await build({
    entryPoints: [join(root, source)],
    outfile: path,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
  return { path, remove: () => rm(path, { force: true }) }
}
