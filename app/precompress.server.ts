// Vite plugin: writes .br and .gz beside every text asset once, so that no request pays for compression. Serving them is assets.server.ts.
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const textual = /\.(js|css|svg|json|html|txt|webmanifest)$/
/** Below this many bytes an answer fits one packet anyway. */
const worthwhileBytes = 1024
/** Brotli's best level takes seconds per megabyte; above this many bytes a middle level is used. */
const largeBytes = 400_000

async function compressFile(path: string): Promise<void> {
  const bytes = await readFile(path)
  if (bytes.length < worthwhileBytes) return
  const quality = bytes.length > largeBytes ? 5 : 9
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  }
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params }))
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 7 }))
}

/** Compresses what the browser build wrote into `folder`; the server build is left alone. */
export function precompress({ folder }: { folder: string }): Plugin {
  const handler = async ({ dir }: { dir?: string | undefined }): Promise<void> => {
    if (!dir?.replaceAll('\\', '/').endsWith(folder)) return
    const entries = await readdir(dir, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile() && textual.test(entry.name))
    for (const file of files) await compressFile(join(file.parentPath, file.name))
  }
  return {
    name: 'devex-precompress',
    apply: 'build',
    writeBundle: { sequential: true, order: 'post', handler },
  }
}
