// The revisioned list of a workspace, while real shells change it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { TreeOp } from '../../../protocol/tree.ts'
import { confine } from '../../../runner/workspace/confine.ts'
import { WorkspaceTree } from '../../../runner/workspace/tree.ts'
import { watchWorkspace } from '../../../runner/workspace/watch.ts'
import { eventually, quiet, stage } from './stage.ts'

async function grown(prepare: (root: string) => void = () => undefined) {
  const { root, top } = stage()
  prepare(root)
  const confined = confine(root, { scratch: join(top, 'scratch') })
  const tree = new WorkspaceTree({ confined, log: quiet })
  onTestFinished(() => tree.close())
  await tree.start()
  const ops: TreeOp[] = []
  tree.onOps((told) => void ops.push(...told.ops))
  const paths = () => tree.snapshot().entries.map(({ path }) => path)
  return { root, confined, tree, ops, paths }
}

test('W-8 a rename is one move; the folder’s whole content goes with it', async () => {
  const { root, tree, ops, paths } = await grown((at) => {
    mkdirSync(join(at, 'src', 'deep'), { recursive: true })
    writeFileSync(join(at, 'src', 'deep', 'a.py'), '')
  })

  renameSync(join(root, 'src'), join(root, 'lib'))
  await tree.touch(['src'])
  await tree.touch(['lib'])
  await eventually(() => ops.length > 0)

  expect(ops).toEqual([{ op: 'move', from: 'src', to: 'lib' }])
  expect(paths()).toEqual(['lib', 'lib/deep', 'lib/deep/a.py'])
})

test('W-8 a file that a tool replaces, by any of the usual ways, stays the same file', async () => {
  const { root, tree, ops } = await grown((at) => writeFileSync(join(at, 'a.py'), 'old'))
  const bash = (script: string) => execFileSync('bash', ['-c', script], { cwd: root })

  bash('mv a.py a.py~')
  await tree.touch(['a.py', 'a.py~'])
  bash('echo new > a.py && rm a.py~')
  await tree.touch(['a.py', 'a.py~'])
  bash('echo newer > a.py.tmp')
  await tree.touch(['a.py.tmp'])
  bash('mv a.py.tmp a.py')
  await tree.touch(['a.py', 'a.py.tmp'])
  await tree.settle()

  expect(ops.filter(({ op }) => op === 'move')).toEqual([])
  expect(ops.filter((op) => op.op === 'gone' && op.path === 'a.py')).toEqual([])
  expect(tree.snapshot().entries).toMatchObject([{ path: 'a.py', size: 6 }])
})

test('W-8 a folder swapped for a link that leads out does not keep others of the same look from being told', async () => {
  const { root, tree, paths } = await grown((at) => {
    mkdirSync(join(at, 'a'))
    writeFileSync(join(at, 'a', 'x.py'), '')
  })

  rmSync(join(root, 'a'), { recursive: true })
  symlinkSync('/etc', join(root, 'a'))
  writeFileSync(join(root, 'b.py'), '')
  await tree.touch(['a/x.py', 'b.py'], { now: true })

  expect(paths()).toEqual(['a', 'b.py'])
  await tree.touch(['a'])
  expect(tree.snapshot().entries).toMatchObject([{ path: 'a', kind: 'link' }, { path: 'b.py' }])
})

test('W-8 a new file that got the inode number of a deleted one is not taken for it', async () => {
  const { root, tree, ops } = await grown((at) => writeFileSync(join(at, 'a.py'), 'old'))

  for (let round = 0; round < 20; round += 1) {
    rmSync(join(root, 'a.py'), { force: true })
    writeFileSync(join(root, `b${round}.py`), 'new')
    await tree.touch(['a.py', `b${round}.py`])
    await tree.settle()
    writeFileSync(join(root, 'a.py'), 'old')
    await tree.touch(['a.py'])
  }

  expect(ops.filter(({ op }) => op === 'move')).toEqual([])
})

test('W-8 a rename right after one of our own writes is still one move', async () => {
  const { root, confined, tree, ops } = await grown((at) => writeFileSync(join(at, 'a.py'), 'old'))

  await confined.write('a.py', Buffer.from('new'))
  renameSync(join(root, 'a.py'), join(root, 'b.py'))
  await tree.touch(['a.py', 'b.py'])
  await tree.settle()

  expect(ops.filter(({ op }) => op !== 'put')).toEqual([{ op: 'move', from: 'a.py', to: 'b.py' }])
})

test('W-7 a folder that cannot be listed any more, a pipe and names no page can say are left out', async () => {
  const { tree, paths } = await grown((at) => {
    execFileSync(
      'bash',
      ['-c', `mkfifo pipe; touch 'back\\slash' $'new\\nline' $'\\xff' plain; mkdir .devex-tmp`],
      { cwd: at },
    )
  })

  expect(paths()).toEqual(['plain'])
  await tree.touch(['pipe', 'back\\slash', '.devex-tmp', '../outside', '/etc', ''])
  expect(paths()).toEqual(['plain'])
})

test('W-7 many writes to one file are told as few changes, and the last one surely', async () => {
  const { confined, tree, ops } = await grown((at) => writeFileSync(join(at, 'a.py'), ''))

  for (let size = 1; size <= 40; size += 1) await confined.write('a.py', Buffer.alloc(size, 'x'))
  await eventually(() => ops.some((op) => op.op === 'put' && op.entry.size === 40))

  expect(ops.length).toBeLessThan(20)
  expect(tree.snapshot().entries).toMatchObject([{ path: 'a.py', size: 40 }])
})

test('W-7 a folder that the top .gitignore names is one closed entry, and opens when it is named no more', async () => {
  const { root, tree, paths, ops } = await grown((at) => {
    mkdirSync(join(at, 'dist'))
    writeFileSync(join(at, 'dist', 'a.js'), '')
    writeFileSync(join(at, '.gitignore'), 'dist/\n')
  })
  expect(paths()).toEqual(['.gitignore', 'dist'])

  writeFileSync(join(root, '.gitignore'), '# nothing\n')
  await tree.touch(['.gitignore'])
  expect(paths()).toEqual(['.gitignore', 'dist', 'dist/a.js'])

  writeFileSync(join(root, '.gitignore'), '/dist\n')
  await tree.touch(['.gitignore'])
  expect(paths()).toEqual(['.gitignore', 'dist'])
  expect(ops.filter(({ op }) => op === 'gone')).toHaveLength(2)
})

test('W-7 a thousand files that come and go in one stroke are a few revisions, not a thousand', async () => {
  const { root, tree, ops } = await grown((at) => {
    for (let index = 0; index < 1000; index += 1) writeFileSync(join(at, `old${index}`), '')
  })
  const before = tree.snapshot().rev

  for (let index = 0; index < 1000; index += 1)
    renameSync(join(root, `old${index}`), join(root, `.gone${index}`))
  execFileSync('bash', ['-c', 'rm .gone*; for n in $(seq 1000); do : > new$n; done'], { cwd: root })
  await tree.touch(Array.from({ length: 1000 }, (_, index) => [`old${index}`, `new${index + 1}`]).flat())
  await tree.settle()

  expect(tree.snapshot().entries).toHaveLength(1000)
  expect(ops).toHaveLength(2000)
  expect(tree.snapshot().rev - before).toBeLessThan(500)
})

test('W-7 what no path can name is listed nowhere and counted, before and after it comes, moves with its folder and goes', async () => {
  const odd = (...at: string[]) => Buffer.concat([Buffer.from(`${at.join('/')}/bad`), Buffer.of(0xff)])
  const { root, tree, paths } = await grown((at) => {
    mkdirSync(join(at, 'src'))
    writeFileSync(odd(at, 'src'), '')
    writeFileSync(join(at, 'two\nlines'), '')
    writeFileSync(join(at, '.devex-tmp-abc'), 'ours')
  })
  const watch = await watchWorkspace({
    root,
    log: quiet,
    onChange: (changed) => void tree.touch(changed),
    onUnsayable: (folder) => tree.recount(folder),
  })
  onTestFinished(() => watch.close())
  expect(paths()).toEqual(['src'])
  expect(tree.snapshot().unshown).toBe(2)
  const told: (number | undefined)[] = []
  tree.onOps(({ unshown }) => void told.push(unshown))

  writeFileSync(odd(root), '')
  await eventually(() => tree.snapshot().unshown === 3)
  expect(told).toContain(3)
  renameSync(join(root, 'src'), join(root, 'lib'))
  await eventually(() => paths().includes('lib') && tree.snapshot().unshown === 3)
  rmSync(odd(root))
  await eventually(() => tree.snapshot().unshown === 2)
  rmSync(join(root, 'lib'), { recursive: true })
  await eventually(() => tree.snapshot().unshown === 1)
})
