// Runner and box as they are built: started with what V8 compiled of them, and without it when it is of another V8.
import { spawnSync } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { keepCompiled, refusals, root } from '../../scripts/build.mjs'
import { tempFolder } from '../support/folders.ts'

const programs = join(root, 'build/programs')

test.each(['runner', 'box'])('what V8 compiled of the %s when it was built is taken', async (name) => {
  const code = await readFile(join(programs, `${name}.code.cjs`), 'latin1')
  const cachedData = await readFile(join(programs, `${name}.code.cache`))

  expect(new Script(code, { cachedData }).cachedDataRejected).toBe(false)
  // The loader takes bytes for characters.
  expect(code).toBe(await readFile(join(programs, `${name}.code.cjs`), 'utf8'))
})

test.each(Object.entries(refusals))(
  'the %s starts without what another V8 compiled',
  async (name, refusal) => {
    const folder = await tempFolder()
    onTestFinished(folder.remove)
    for (const file of [`${name}.js`, `${name}.code.cjs`])
      await copyFile(join(programs, file), join(folder.path, file))
    const cache = await readFile(join(programs, `${name}.code.cache`))
    await writeFile(join(folder.path, `${name}.code.cache`), cache.fill(1, 0, 16))
    // Where its packages are that are not in the bundle.
    const modules = join(root, 'node_modules')

    const ended = spawnSync(process.execPath, [join(folder.path, `${name}.js`)], {
      encoding: 'utf8',
      env: { NODE_PATH: modules },
    })

    expect(ended.status).toBe(1)
    expect(ended.stdout + ended.stderr).toContain(refusal)
  },
)

test.each([
  ['lacks a module', "require('gone-away')", /Cannot find module 'gone-away'/],
  ['throws', "throw new TypeError('of its own')", /of its own/],
  ['ends', '0', /does not run/],
])('a program that %s is not built', async (_, body, said) => {
  const folder = await tempFolder()
  onTestFinished(folder.remove)
  const base = join(folder.path, 'program')
  await writeFile(`${base}.code.cjs`, `(function (require) { ${body} })`)

  await expect(keepCompiled(base, 'no arguments')).rejects.toThrow(said)
  await expect(readFile(`${base}.code.cache`)).rejects.toThrow('ENOENT')

  await writeFile(`${base}.code.cjs`, "(function () { throw new Error('no arguments') })")
  await keepCompiled(base, 'no arguments')
  expect((await readFile(`${base}.code.cache`)).length).toBeGreaterThan(0)
})
