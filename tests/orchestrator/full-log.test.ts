// A disk that takes no line of any log: our servers work on as if nothing were. The runner's own is tests/runner/documents/small-disk.
import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { Installation } from '../support/installation.ts'

const full = '/dev/full'

test.runIf(existsSync(full))(
  'R-9 W-9 no log can be written: a session starts, stops and is backed up all the same',
  async () => {
    const installation = new Installation(full)
    const repls: string[] = []
    onTestFinished(() => installation.stop(repls))
    await installation.start()
    const ada = await installation.api.owner()
    const repl = await installation.api.create(ada, 'unlogged')
    repls.push(repl)

    await installation.api.startRepl(ada, repl)
    await installation.api.stopRepl(ada, repl)

    expect((await installation.api.repl(ada, repl)).committedAt).not.toBe(null)
  },
  60_000,
)
