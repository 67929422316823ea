// Vite plugin: builds Monaco's workers with esbuild (seconds instead of a minute), keeps Monaco from having them built once more,
// and keeps out the features that app/ide/editor/monaco-features.ts leaves out.
import { readFile } from 'node:fs/promises'
import { build, type Plugin as EsbuildPlugin } from 'esbuild'
import type { Plugin } from 'vite'

const suffix = '?monaco-worker'
/** How Monaco would start a worker by itself; ours come from MonacoEnvironment.getWorker alone. */
const ownStart = /new Worker\(\s*new URL\([^()]*import\.meta\.url\)\s*,\s*\{[^{}]*\}\s*\)/g

/**
 * Each language's features come through this module, after the first text is painted, and it imports every feature of the editor.
 * The services of features that come this late are not there, so the next editor that is made would throw for each of them.
 */
const bringsAll = /\/monaco-editor\/esm\/vs\/internal\/common\/workers\.js$/
const bareImport = /^import '[^']+';$/gm
/** A feature that we leave out; with it the others are there too. */
const leftOut = '/contrib/codelens/browser/codelensController.js'

/** For whoever bundles Monaco with esbuild: the same cure. */
export const chosenFeaturesOnly: EsbuildPlugin = {
  name: 'devex-chosen-features',
  setup: (bundler) => {
    bundler.onLoad({ filter: bringsAll }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(bareImport, ''),
    }))
  },
}

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
    config: () => ({ optimizeDeps: { esbuildOptions: { plugins: [chosenFeaturesOnly] } } }),
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
      if (bringsAll.test(id)) return { code: code.replaceAll(bareImport, ''), map: null }
      if (!id.includes('/monaco-editor/') || !code.includes('new Worker(')) return null
      return { code: code.replaceAll(ownStart, 'undefined'), map: null }
    },
    buildEnd() {
      const stray = [...this.getModuleIds()].find((id) => id.endsWith(leftOut))
      if (stray !== undefined)
        this.error(`${stray} came into the pages: app/ide/editor/monaco-features.ts leaves it out`)
    },
  }
}
