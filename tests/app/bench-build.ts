// Test part: bundles the workbench alone by esbuild, in seconds, with the same sources and styles as the pages' own build.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { compile } from '@tailwindcss/node'
import { Scanner } from '@tailwindcss/oxide'
import { build, type BuildOptions, type Plugin } from 'esbuild'
import { chosenFeaturesOnly } from '../../app/monaco-workers.server.ts'

const root = join(import.meta.dirname, '..', '..')

const common: BuildOptions = {
  bundle: true,
  target: 'es2022',
  minify: true,
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'file', '.woff2': 'file' },
  logLevel: 'error',
  absWorkingDir: root,
}

/** `x?monaco-worker` becomes a class that starts a bundle of its own, as the pages' build makes it. */
const workers = (outdir: string): Plugin => ({
  name: 'workers',
  setup: (bundle) => {
    bundle.onResolve({ filter: /\?monaco-worker$/ }, async ({ path, resolveDir }) => {
      const found = await bundle.resolve(path.replace('?monaco-worker', ''), {
        resolveDir,
        kind: 'import-statement',
      })
      return { path: found.path, namespace: 'worker' }
    })
    bundle.onLoad({ filter: /./, namespace: 'worker' }, async ({ path }) => {
      await build({ ...common, entryPoints: [path], format: 'iife', outdir })
      const address = JSON.stringify(`/${basename(path)}`)
      return { contents: `export default class extends Worker { constructor() { super(${address}) } }` }
    })
  },
})

const tailwind: Plugin = {
  name: 'tailwind',
  setup: (bundle) => {
    bundle.onLoad({ filter: /app\/ui\/app\.css$/ }, async ({ path }) => {
      const base = dirname(path)
      const styles = await compile(await readFile(path, 'utf8'), {
        base,
        shouldRewriteUrls: true,
        onDependency: () => undefined,
      })
      const scanner = new Scanner({ sources: [{ base: join(root, 'app'), pattern: '**/*', negated: false }] })
      return { contents: styles.build(scanner.scan()), loader: 'css', resolveDir: base }
    })
  },
}

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>bench</title>
    <link rel="stylesheet" href="/bench.css" />
  </head>
  <body>
    <div id="page"></div>
    <script type="module" src="/bench.js"></script>
  </body>
</html>
`

/** Builds into `outdir`: `bench.html`, `bench.js`, `bench.css` and what they load. */
export async function buildBench(outdir: string): Promise<void> {
  await rm(outdir, { recursive: true, force: true })
  await mkdir(outdir, { recursive: true })
  await build({
    ...common,
    entryPoints: [join(root, 'tests/app/bench.tsx')],
    outdir,
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    alias: { 'monaco-editor/esm/vs/editor/editor.api.js': 'monaco-editor/editor' },
    plugins: [workers(outdir), chosenFeaturesOnly, tailwind],
  })
  await writeFile(join(outdir, 'bench.html'), page)
}
