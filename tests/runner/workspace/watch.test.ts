import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { watchWorkspace } from '../../../runner/workspace/watch.ts'
import { eventually, quiet, stage } from './stage.ts'

async function watching(prepare: (root: string) => void = () => undefined) {
  const { root, outside } = stage()
  prepare(root)
  const told: string[] = []
  const watch = await watchWorkspace({ root, log: quiet, onChange: (paths) => void told.push(...paths) })
  onTestFinished(() => watch.close())
  const bash = (script: string) => execFileSync('bash', ['-c', script], { cwd: root })
  return { root, outside, told, watch, bash }
}

test('W-7 every file of folders made in one stroke is told, however deep', async () => {
  const { told, bash } = await watching()

  bash('for d in $(seq 20); do mkdir -p a/$d/deep; for f in $(seq 10); do echo x > a/$d/deep/$f; done; done')

  await eventually(() => new Set(told.filter((path) => /deep\/\d+$/.test(path))).size === 200)
})

test('W-7 nothing inside ignored folders is told; of git only HEAD and its lock', async () => {
  const { told, bash, watch } = await watching((root) =>
    writeFileSync(join(root, '.gitignore'), '/out/\n*.log\nbuild\n'),
  )

  bash('mkdir -p node_modules/x .venv/lib __pycache__ build/x out/x src/build .git/objects')
  bash(
    'for d in node_modules/x .venv/lib __pycache__ build/x out/x src/build .git/objects; do echo 1 > $d/f; done',
  )
  bash(
    'echo x > .git/config; echo x > .git/index.lock; echo ref > .git/HEAD; echo x > src/seen.txt; echo x > a.log',
  )
  await eventually(() =>
    ['.git/HEAD', '.git/index.lock', 'src/seen.txt', 'a.log'].every((path) => told.includes(path)),
  )
  await watch.sweep()

  const inside = /^(node_modules|\.venv|__pycache__|build|out|src\/build)\/|^\.git\/(?!HEAD$|index\.lock$)/
  expect(told.filter((path) => inside.test(path))).toEqual([])
})

test('W-7 a folder that becomes unignored is told and watched, one that becomes ignored no more', async () => {
  const { told, bash, root, watch } = await watching((at) => {
    writeFileSync(join(at, '.gitignore'), 'build\n')
    mkdirSync(join(at, 'build'))
    mkdirSync(join(at, 'data'))
    writeFileSync(join(at, 'build', 'a.js'), '')
  })

  writeFileSync(join(root, '.gitignore'), 'data\n')
  await eventually(() => told.includes('build/a.js'))
  bash('echo 1 > build/b.js; echo 1 > data/c.js')
  await eventually(() => told.includes('build/b.js'))
  await watch.sweep()

  expect(told.some((path) => path.startsWith('data/'))).toBe(false)
})

test('W-7 a folder that moves is watched under its new path only', async () => {
  const { told, bash } = await watching((root) => {
    mkdirSync(join(root, 'old', 'deep'), { recursive: true })
    writeFileSync(join(root, 'old', 'deep', 'a.txt'), 'a')
  })

  bash('mv old new; mkdir -p old/deep')
  await eventually(() => told.includes('new/deep/a.txt'))
  told.length = 0
  bash('echo b > new/deep/b.txt; echo c > old/deep/c.txt')
  await eventually(() => told.includes('new/deep/b.txt') && told.includes('old/deep/c.txt'))

  expect(told).not.toContain('old/deep/b.txt')
})

test('W-7 a sweep finds what no event told, and only that', async () => {
  const { root, told, watch, bash } = await watching((at) => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(at, name), name)
  })
  await watch.sweep()
  expect(told).toEqual([])

  // The whole thread is busy while a shell works: events of this turn cannot have come yet.
  bash('echo changed > a; rm b; mkdir d; echo new > d/e')
  await watch.sweep()

  expect([...new Set(told)].sort()).toEqual(['a', 'b', 'd', 'd/e'])
  expect(root).toBeTruthy()
})

test('W-7 a flood that overflows the queue is healed by itself', async () => {
  const { root, told } = await watching()

  for (let index = 0; index < 10_000; index += 1) writeFileSync(join(root, `f${index}`), '')

  await eventually(() => told.length >= 10_000 && new Set(told).size === 10_000)
})

test('W-1 links are told as links and never watched through', async () => {
  const { root, outside, told, watch } = await watching((at) => {
    symlinkSync('../outside', join(at, 'out'))
    mkdirSync(join(at, 'folder'))
  })

  writeFileSync(join(outside, 'new.txt'), 'x')
  renameSync(join(root, 'folder'), join(root, 'was'))
  symlinkSync('../outside', join(root, 'folder'))
  await eventually(() => told.includes('folder') && told.includes('was'))
  writeFileSync(join(outside, 'newer.txt'), 'x')
  rmSync(join(outside, 'victim'), { recursive: true })
  await watch.sweep()

  expect(told.filter((path) => path.includes('new') || path.includes('victim'))).toEqual([])
})

test('a closed watch tells nothing more', async () => {
  const { root, told, watch } = await watching()

  await watch.close()
  writeFileSync(join(root, 'late.txt'), '')
  await watch.sweep()

  expect(told).toEqual([])
})
