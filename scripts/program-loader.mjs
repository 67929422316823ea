// Starts the program beside it (`runner.js` starts `runner.code.cjs`) with what V8 made of its text when it was built: a person waits for
// the start, and compiling is a third of it. Another V8 takes no notice of that, and compiles; bytes that were damaged on the disk it
// would run, and crash: so the last four are a checksum of the others (2 ms).
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'
import { crc32 } from 'node:zlib'

const base = import.meta.filename.slice(0, -'.js'.length)
const filename = `${base}.code.cjs`
const cache = `${base}.code.cache`

function compiled() {
  if (!existsSync(cache)) return undefined
  const bytes = readFileSync(cache)
  const end = Math.max(0, bytes.length - 4)
  const data = bytes.subarray(0, end)
  return bytes.length > 4 && crc32(data) === bytes.readUInt32BE(end) ? data : undefined
}

// The build writes it in ASCII: one byte a character is read in half the time.
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData: compiled(),
})
script.runInThisContext()(createRequire(filename), filename, dirname(filename))
