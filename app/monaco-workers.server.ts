// Vite plugin: builds Monaco's workers with esbuild (seconds instead of a minute) and keeps Monaco from having them built once more.
import { build } from 'esbuild'
import type { Plugin } from 'vite'

const suffix = '?monaco-worker'
/** How Monaco would start a worker by itself; ours come from MonacoEnvironment.getWorker alone. */
const ownStart = /new Worker\(\s*new URL\([^()]*import\.meta\.url\)\s*,\s*\{[^{}]*\}\s*\)/g

async function bundle(file: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    loader: { '.ttf': 'empty', '.css': 'empty' },
  })
  const [made] = outputFiles
  if (made === undefined) throw new Error(`no worker came out of ${file}`)
  return made.contents
}

/** Gives `import X from '<module>?monaco-worker'` a class whose instances are module workers. */
export function monacoWorkers(): Plugin {
  let isServe = false
  return {
    name: 'devex-monaco-workers',
    enforce: 'pre',
    configResolved: (config) => {
      isServe = config.command === 'serve'
    },
    async resolveId(id, importer) {
      if (!id.endsWith(suffix)) return null
      const found = await this.resolve(id.slice(0, -suffix.length), importer, { skipSelf: true })
      if (found === null) return null
      return `${found.id.split('?')[0]}${isServe ? '?worker' : suffix}`
    },
    async load(id) {
      if (!id.endsWith(suffix)) return null
      const file = id.slice(0, -suffix.length)
      const name = file.slice(file.lastIndexOf('/') + 1)
      const asset = this.emitFile({ type: 'asset', name, source: await bundle(file) })
      return `export default function () { return new Worker(import.meta.ROLLUP_FILE_URL_${asset}, { type: 'module' }) }`
    },
    transform(code, id) {
      if (!id.includes('/monaco-editor/') || !code.includes('new Worker(')) return null
      return { code: code.replaceAll(ownStart, 'undefined'), map: null }
    },
  }
}
