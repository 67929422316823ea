// `npm start`: looks whether this machine can run us, builds what is missing, then hands over to `up`.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

function refuse(say) {
  process.stderr.write(`${say}\n`)
  process.exit(1)
}

if (major < 20 || (major === 20 && minor < 19)) {
  refuse(
    `DevEx needs Node 20.19 or newer; this is Node ${process.versions.node}. Install a newer one from https://nodejs.org and start again.`,
  )
}
if (process.platform === 'win32')
  refuse('DevEx does not run on Windows itself. Start it inside WSL 2 (a Linux on Windows).')
if (!existsSync(join(root, 'node_modules/esbuild')))
  refuse('The packages are not installed yet. Run `npm ci` first, then `npm start`.')

try {
  if (process.argv.includes('--dev')) {
    const { develop } = await import('./dev.mjs')
    await develop(process.argv.slice(2).filter((arg) => arg !== '--dev'))
  } else {
    const { buildMissing } = await import('./build.mjs')
    await buildMissing()
    process.argv.splice(2, 0, 'up')
    await import(join(root, 'build/programs/up.js'))
  }
} catch (fault) {
  refuse(fault instanceof Error ? fault.message : String(fault))
}
