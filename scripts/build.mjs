// Builds what is missing: server programs by esbuild into build/programs, pages by Vite into build/app.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Every program of the house and the file it starts from. */
export const programs = {
  up: 'orchestrator/cli/main.ts',
  orchestrator: 'orchestrator/main.ts',
  'front-door': 'orchestrator/exposure/front-door/main.ts',
  sync: 'runner/sync/main.ts',
  'collab-server': 'collab-server/main.ts',
  app: 'app/main.ts',
  runner: 'runner/main.ts',
  box: 'runner/box/main.ts',
}

const serverRooms = ['protocol', 'collab-server', 'runner', 'orchestrator']
const appProgramFiles = [
  'app/main.ts',
  'app/start.ts',
  'app/server.ts',
  'app/config.ts',
  'app/framework.server.ts',
  'app/services',
]
const loader = 'scripts/program-loader.mjs'
const recorder = 'scripts/record-code.mjs'
const buildFiles = ['package-lock.json', 'scripts/build.mjs']
const appFiles = ['protocol', 'app', 'vite.config.ts', ...buildFiles]

/** A hash over path and content of everything below `paths`. */
function fingerprint(paths) {
  const hash = createHash('sha256')
  const visit = (path) => {
    if (!existsSync(path)) return
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name))
    else if (!path.endsWith('.md')) hash.update(path.slice(root.length)).update(readFileSync(path))
  }
  for (const path of paths) visit(join(root, path))
  return hash.digest('hex')
}

function stampOf(part) {
  const file = join(root, 'build', `${part}.stamp`)
  return {
    read: () => (existsSync(file) ? readFileSync(file, 'utf8') : ''),
    write: (text) => writeFileSync(file, text),
  }
}

async function once(part, of, make) {
  const now = fingerprint(of.files) + (of.with ?? '')
  const stamp = stampOf(part)
  if (stamp.read() === now) return false
  const begun = Date.now()
  process.stdout.write(`Building ${part} … `)
  mkdirSync(join(root, 'build'), { recursive: true })
  await make()
  stamp.write(now)
  process.stdout.write(`done in ${((Date.now() - begun) / 1000).toFixed(1)} s\n`)
  return true
}

/** Options that programs are bundled with while developing: our code inside, packages outside. */
export async function programOptions() {
  const entryPoints = Object.fromEntries(
    Object.entries(programs)
      .filter(([, file]) => existsSync(join(root, file)))
      .map(([name, file]) => [name, join(root, file)]),
  )
  return {
    entryPoints,
    outdir: join(root, 'build/programs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    absWorkingDir: root,
  }
}

/** What has parts that are no JavaScript stays outside. */
const native = ['@lydell/*', 'bufferutil', 'utf-8-validate']
/** Packages of the older kind expect these around them. */
const aroundPackages = `import { createRequire as requireFrom } from 'node:module'
const require = requireFrom(import.meta.url)
const [__filename, __dirname] = [import.meta.filename, import.meta.dirname]`

/** With their packages inside: a program of one file is there in half the time of one of four hundred, and a start waits for two. */
function packedOptions(options, entryPoints) {
  return { ...options, entryPoints, packages: 'bundle', external: native, banner: { js: aroundPackages } }
}

/** One text that makes a function, as the loader wants it. */
function compiledOptions(options, entryPoints) {
  return {
    ...packedOptions(options, entryPoints),
    format: 'cjs',
    sourcemap: false,
    outExtension: { '.js': '.code.cjs' },
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__url' },
    banner: {
      js: `(function (require, __filename, __dirname) { const module = { exports: {} }, exports = module.exports
const __url = require('node:url').pathToFileURL(__filename).href`,
    },
    footer: { js: '})' },
  }
}

async function buildPrograms() {
  const { build } = await import('esbuild')
  rmSync(join(root, 'build/programs'), { recursive: true, force: true })
  const options = await programOptions()
  const { app, runner, box, ...servers } = options.entryPoints
  await Promise.all([
    build(packedOptions(options, servers)),
    build(compiledOptions(options, { runner, box })),
    // Its framework finds parts of itself by where they lie.
    build({ ...options, entryPoints: { app } }),
  ])
  await Promise.all(
    Object.entries(refusals).map(([name, refusal]) => keepCompiled(join(options.outdir, name), refusal)),
  )
}

/** What they say when they are started without arguments: then all their modules have run. */
export const refusals = {
  runner: 'started with the path of its launch file',
  box: 'usage: box <launch file>',
}

/** Beside a program's code its loader, and what V8 compiles of it. One that ends in another way is no program to ship. */
export async function keepCompiled(base, refusal) {
  const [code, cache] = [`${base}.code.cjs`, `${base}.code.cache`]
  copyFileSync(join(root, loader), `${base}.js`)
  writeFileSync(code, inAscii(readFileSync(code, 'utf8')))
  const said = await run([join(root, recorder), code, cache]).then(
    () => 'it ended without a word',
    (fault) => fault.message,
  )
  if (said.includes(refusal)) return
  rmSync(cache, { force: true })
  throw new Error(`${base} does not run:\n${said}`)
}

/** What esbuild does not escape are comments and regular expressions. */
function inAscii(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

async function buildPages() {
  const framework = join(root, 'node_modules/@remix-run/dev/dist/cli.js')
  await run([framework, 'vite:build'], { NODE_ENV: 'production' }).catch((fault) => {
    throw new Error(`The pages could not be built:\n${fault.message}`)
  })
}

/** Node with these arguments until its end; what it said is the error's message. */
function run(args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    let output = ''
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (output += text))
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(output.slice(-4000)))))
  })
}

/** Builds the parts that are missing or older than their sources. */
export async function buildMissing({ pages = true } = {}) {
  const files = [...serverRooms, ...appProgramFiles, ...buildFiles, loader, recorder]
  // Of this Node: another one would compile anew at each start.
  await once('programs', { files, with: process.version }, buildPrograms)
  if (pages) await once('pages', { files: appFiles }, buildPages)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--force')) rmSync(join(root, 'build'), { recursive: true, force: true })
  await buildMissing()
}
