// Keeps what V8 has compiled of a program when all its modules have run: it is started with no arguments, which it refuses, and its
// end is where we write. Called by the build, a process for each program; whether it was that refusal, the build sees by its words.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import process from 'node:process'
import { Script } from 'node:vm'

const [, , filename, cache] = process.argv
const script = new Script(readFileSync(filename, 'latin1'), { filename })
process.argv = process.argv.slice(0, 2)
process.on('exit', () => writeFileSync(cache, script.createCachedData()))
script.runInThisContext()(createRequire(filename), filename, dirname(filename))
