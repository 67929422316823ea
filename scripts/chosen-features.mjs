// Keeps out of the pages the features of Monaco that app/ide/editor/monaco-features.ts leaves out: as a plugin of Vite, and of esbuild.
import { readFile } from 'node:fs/promises'

/**
 * Each language's features come through this module, after the first text is painted, and it imports every feature of the editor.
 * The services of features that come this late are not there, so the next editor that is made would throw for each of them.
 */
const bringsAll = /\/monaco-editor\/esm\/vs\/internal\/common\/workers\.js$/
const bareImport = /^import '[^']+';$/gm
/** A feature that is left out; with it the others are there too. */
const leftOut = '/contrib/codelens/browser/codelensController.js'

const name = 'devex-chosen-features'

export const inEsbuild = {
  name,
  setup: (bundler) => {
    bundler.onLoad({ filter: bringsAll }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(bareImport, ''),
    }))
  },
}

/** While developing Vite bundles packages with esbuild. A build into which a feature came all the same fails. */
export const inVite = {
  name,
  enforce: 'pre',
  config: () => ({ optimizeDeps: { esbuildOptions: { plugins: [inEsbuild] } } }),
  transform: (code, id) => (bringsAll.test(id) ? { code: code.replaceAll(bareImport, ''), map: null } : null),
  buildEnd() {
    const stray = [...this.getModuleIds()].find((id) => id.endsWith(leftOut))
    if (stray !== undefined) this.error(`${stray} came into the pages: monaco-features.ts leaves it out`)
  },
}
