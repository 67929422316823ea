// `npm run dev`: the product with hot reload. Server programs are bundled anew at each change and their processes restarted; pages come
// from Vite. Runners and boxes of running sessions are left alone: the next session starts with the new ones.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { context } from 'esbuild'
import { programOptions, root } from './build.mjs'

/** Apart from build/programs, so that `npm start` finds that as it left it. */
const outdir = join(root, 'build/dev')
/** Processes that `up` keeps alive: ended by us, they come again with their new program. */
const restarted = ['orchestrator', 'sync', 'collab-server', 'front-door', 'app']
/** React chooses its kind when it is first imported, so this stands before everything else of the app's program. */
const appStart = `process.env.NODE_ENV = 'development'\nawait import('./app-dev.js')\n`

/** Bundles everything, watches, and hands over to `up` with these arguments. */
export async function develop(args) {
  mkdirSync(outdir, { recursive: true })
  writeFileSync(join(outdir, 'app.js'), appStart)
  const options = await programOptions()
  const { app: _built, ...entryPoints } = options.entryPoints
  let isFirst = true
  const prints = new Map()
  const restartChanged = (files) => {
    const changed = files.filter(({ name, print }) => prints.get(name) !== print)
    for (const { name, print } of changed) prints.set(name, print)
    if (!isFirst) for (const { name } of changed) announce(name)
    isFirst = false
  }
  const watching = await context({
    ...options,
    entryPoints: { ...entryPoints, 'app-dev': join(root, 'scripts/dev-app.mjs') },
    outdir,
    write: true,
    metafile: true,
    plugins: [{ name: 'restart', setup: (build) => build.onEnd((result) => ended(result, restartChanged)) }],
  })
  await watching.rebuild()
  await watching.watch()
  process.stdout.write('Developing: pages change as you save them, programs restart.\n')
  process.argv = [process.argv[0], process.argv[1], 'up', ...args]
  await import(join(outdir, 'up.js'))
}

/** A program that does not build leaves the running one as it is; esbuild has said why. */
async function ended(result, restartChanged) {
  if (result.errors.length > 0) return
  const { readFileSync } = await import('node:fs')
  const files = Object.keys(result.metafile.outputs)
    .filter((path) => path.endsWith('.js'))
    .map((path) => ({
      name: path.slice(path.lastIndexOf('/') + 1, -'.js'.length).replace('app-dev', 'app'),
      print: createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    }))
  restartChanged(files)
}

function announce(name) {
  if (restarted.includes(name)) restart(name)
  else if (name === 'up') process.stdout.write('up changed: end this and run `npm run dev` again.\n')
  else process.stdout.write(`${name} changed: sessions that start from now on have it.\n`)
}

/** Ends our own child that runs this program; `up` starts it again. */
function restart(name) {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
  for (const line of stdout.split('\n')) {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    if (Number(parent) !== process.pid || !command?.endsWith(join(outdir, `${name}.js`))) continue
    process.stdout.write(`${name} changed.\n`)
    process.kill(Number(pid), 'SIGTERM')
  }
}
