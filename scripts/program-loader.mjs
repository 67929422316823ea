// Starts the program beside it (`runner.js` starts `runner.code.cjs`) with what V8 made of its text when it was built: a person waits for
// the start, and compiling is a third of it. Another V8 takes no notice of that, and compiles.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { Script } from 'node:vm'

const base = import.meta.filename.slice(0, -'.js'.length)
const filename = `${base}.code.cjs`
const cache = `${base}.code.cache`
// The build writes it in ASCII: one byte a character is read in half the time.
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData: existsSync(cache) ? readFileSync(cache) : undefined,
})
script.runInThisContext()(createRequire(filename), filename, dirname(filename))
