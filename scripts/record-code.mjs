// Keeps what V8 has compiled of a program when all its modules have run: it is started with no arguments, which it refuses, and its
// end is where we write. Called by the build, a process for each program.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import process from 'node:process'
import { Script } from 'node:vm'

const [, , filename, cache] = process.argv
const script = new Script(readFileSync(filename, 'latin1'), { filename })
process.argv = process.argv.slice(0, 2)
process.on('exit', () => {
  writeFileSync(cache, script.createCachedData())
  process.exitCode = 0
})
// The refusal is what was wanted.
process.on('uncaughtException', () => process.exit())
script.runInThisContext()(createRequire(filename), filename, dirname(filename))
