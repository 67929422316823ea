// Runner and box as they are built: started with what V8 compiled of them, and without it when it is of another V8.
import { spawnSync } from 'node:child_process'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { crc32 } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { keepCompiled, refusals, root } from '../../scripts/build.mjs'
import { tempFolder } from '../support/folders.ts'

const programs = join(root, 'build/programs')

test.each(['runner', 'box'])('what V8 compiled of the %s when it was built is taken', async (name) => {
  const code = await readFile(join(programs, `${name}.code.cjs`), 'latin1')
  const cache = await readFile(join(programs, `${name}.code.cache`))
  // The last four bytes are a checksum.
  const cachedData = cache.subarray(0, -4)

  expect(new Script(code, { cachedData }).cachedDataRejected).toBe(false)
  // The loader takes bytes for characters.
  expect(code).toBe(await readFile(join(programs, `${name}.code.cjs`), 'utf8'))
})

test.each(
  Object.entries(refusals).flatMap(([name, refusal]) =>
    (['by another V8', 'and then damaged'] as const).map((how) => [name, how, refusal] as const),
  ),
)('the %s starts without what was compiled %s', async (name, how, refusal) => {
  const folder = await tempFolder()
  onTestFinished(folder.remove)
  for (const file of [`${name}.js`, `${name}.code.cjs`])
    await copyFile(join(programs, file), join(folder.path, file))
  const cache = await readFile(join(programs, `${name}.code.cache`))
  await writeFile(
    join(folder.path, `${name}.code.cache`),
    how === 'by another V8' ? summed(cache.subarray(0, -4).fill(1, 0, 16)) : damaged(cache),
  )
  // Where its packages are that are not in the bundle.
  const modules = join(root, 'node_modules')

  const ended = spawnSync(process.execPath, [join(folder.path, `${name}.js`)], {
    encoding: 'utf8',
    env: { NODE_PATH: modules },
  })

  expect(ended.status).toBe(1)
  expect(ended.stdout + ended.stderr).toContain(refusal)
})

function summed(compiled: Buffer): Buffer {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(compiled))
  return Buffer.concat([compiled, sum])
}

/** V8 looks at no more than the first bytes and the length. */
function damaged(cache: Buffer): Buffer {
  for (let at = 64; at < cache.length; at += 97) cache[at] = (at * 31) & 0xff
  return cache
}

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
