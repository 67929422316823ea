// Keeps what V8 has compiled of a program when all its modules have run: it is started with no arguments, which it refuses, and its
// end is where we write. Called by the build, a process for each program; whether it was that refusal, the build sees by its words.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import process from 'node:process'
import { Script } from 'node:vm'
import { crc32 } from 'node:zlib'

const [, , filename, cache] = process.argv
const script = new Script(readFileSync(filename, 'latin1'), { filename })
process.argv = process.argv.slice(0, 2)
process.on('exit', () => {
  const compiled = script.createCachedData()
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(compiled))
  writeFileSync(cache, Buffer.concat([compiled, sum]))
})
script.runInThisContext()(createRequire(filename), filename, dirname(filename))
