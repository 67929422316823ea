// File operations that stay inside their root, against links, swaps, pipes and odd names.
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { confine, type Confined } from '../../../runner/workspace/confine.ts'
import { eventually, picture, refusal, secret, stage } from './stage.ts'

const text = (value: string) => Buffer.from(value)
async function* stream(...chunks: string[]) {
  for (const chunk of chunks) yield text(chunk)
}

/** Every operation that takes a path, done with `path`. */
const operations: Record<string, (confined: Confined, path: string) => unknown> = {
  read: (confined, path) => confined.read(path),
  open: async (confined, path) => (await confined.open(path)).file.close(),
  stat: (confined, path) => confined.stat(path),
  list: (confined, path) => confined.list(path),
  write: (confined, path) => confined.write(path, text('overwritten')),
  writeStream: (confined, path) => confined.writeStream(path, stream('overwritten'), 1000),
  createFile: (confined, path) => confined.createFile(path),
  makeFolder: (confined, path) => confined.makeFolder(path),
  makeFolders: (confined, path) => confined.makeFolders(`${path}/deeper`),
  moveFrom: (confined, path) => confined.move(path, 'taken'),
  moveTo: (confined, path) => confined.move('mine.txt', path),
  remove: (confined, path) => confined.remove(path),
}

const wild = [
  '..',
  '../outside/secret.txt',
  'a/../../outside/secret.txt',
  '/etc/hostname',
  './mine.txt',
  'a//b',
  'nul\0byte',
  'line\nbreak',
  'back\\slash',
  'x'.repeat(300),
  '\ud800',
]

test.each(Object.keys(operations))('W-1 %s refuses paths that are no workspace paths', async (name) => {
  const { root, outside } = stage()
  writeFileSync(join(root, 'mine.txt'), 'mine')
  const before = picture(outside)

  for (const path of wild)
    expect(await refusal(() => operations[name]!(confine(root), path)), path).toBe('bad-path')

  expect(picture(outside)).toEqual(before)
  expect(readdirSync(root)).toEqual(['mine.txt'])
})

test.each(Object.keys(operations))('W-1 %s does not follow links that lead out', async (name) => {
  const { root, outside } = stage()
  writeFileSync(join(root, 'mine.txt'), 'mine')
  symlinkSync(outside, join(root, 'folder'))
  symlinkSync('../outside', join(root, 'relative'))
  symlinkSync('relative', join(root, 'chain'))
  symlinkSync('/proc/self/environ', join(root, 'environ'))
  const before = picture(outside)

  const paths = ['folder/secret.txt', 'relative/victim', 'chain/victim/inner.txt', 'folder/new']
  for (const path of paths)
    expect(await refusal(() => operations[name]!(confine(root), path)), path).toBe('bad-path')
  for (const path of ['folder', 'environ']) {
    const outcome = await refusal(() => operations[name]!(confine(root), path))
    // A link itself may be moved and removed, and is in the way of something new.
    const mine = {
      remove: 'done',
      moveFrom: 'done',
      createFile: 'exists',
      makeFolder: 'exists',
      moveTo: 'exists',
    }
    expect(outcome, path).toBe(name in mine ? mine[name as keyof typeof mine] : 'bad-path')
    if (name === 'moveFrom') confine(root).remove('taken')
    await eventually(() => name !== 'moveFrom' || !readdirSync(root).includes('taken'))
  }

  expect(picture(outside)).toEqual(before)
})

test('W-1 a link inside the workspace is followed, read and written through', async () => {
  const { root } = stage()
  mkdirSync(join(root, 'real'))
  writeFileSync(join(root, 'real', 'file.txt'), 'old')
  symlinkSync('real', join(root, 'folder'))
  symlinkSync('real/file.txt', join(root, 'link.txt'))
  const confined = confine(root)

  await confined.write('link.txt', text('new'))
  await confined.write('folder/other.txt', text('other'))

  expect(readlinkSync(join(root, 'link.txt'))).toBe('real/file.txt')
  expect(readFileSync(join(root, 'real', 'file.txt'), 'utf8')).toBe('new')
  expect(Buffer.from((await confined.read('folder/other.txt')).bytes).toString()).toBe('other')
})

test('W-1 a folder swapped for a link to the outside at any moment gives nothing away and changes nothing outside', async () => {
  const { root, outside } = stage()
  const before = picture(outside)
  const swap = `
    const fs = require('node:fs'); process.chdir(${JSON.stringify(root)})
    fs.mkdirSync('folder/victim', { recursive: true }); fs.symlinkSync('../outside', 'link')
    process.stdout.write('swapping')
    for (;;) for (const to of ['link', 'folder']) {
      try { fs.renameSync(to, 'swap') } catch {}
      try { fs.renameSync('swap', to) } catch { try { fs.mkdirSync('folder/victim', { recursive: true }) } catch {} }
    }`
  const swapper = spawn(process.execPath, ['-e', swap], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void swapper.kill('SIGKILL'))
  let swapping = false
  swapper.stdout.once('data', () => (swapping = true))
  await eventually(() => swapping)
  const confined = confine(root, { scratch: join(root, '..', 'scratch') })
  const outcomes = new Set<string>()

  // On a busy machine the swapper may hardly run: until one of its links was met.
  for (let round = 0; round < 80 || (round < 20_000 && !outcomes.has('bad-path')); round += 1) {
    const seen = await confined.read('swap/secret.txt').then(
      ({ bytes }) => Buffer.from(bytes).toString(),
      () => '',
    )
    expect(seen).not.toContain(secret)
    outcomes.add(await refusal(() => confined.write('swap/secret.txt', text('overwritten'))))
    outcomes.add(await refusal(() => confined.createFile(`swap/new-${round}`)))
    outcomes.add(await refusal(() => confined.move('swap/victim', `moved-${round}`)))
    outcomes.add(await refusal(() => confined.remove('swap/victim')))
    await refusal(() => expect(confined.list('swap').map(({ name }) => name)).not.toContain('inner.txt'))
    if (round % 20 === 0) outcomes.add(await refusal(() => confined.remove('folder')))
  }

  expect(picture(outside)).toEqual(before)
  expect(outcomes).toContain('bad-path')
  expect(outcomes).not.toContain('unknown')
})

test('W-1 what is no regular file is refused at once, never opened', async () => {
  const { root } = stage()
  execFileSync('mkfifo', [join(root, 'pipe')])
  symlinkSync('/dev/zero', join(root, 'zero'))
  mkdirSync(join(root, 'folder'))
  const confined = confine(root)

  for (const path of ['pipe', 'folder']) {
    expect(await refusal(() => confined.read(path)), path).toBe('bad-input')
    expect(await refusal(() => confined.write(path, text('x'))), path).toBe('bad-input')
  }
  expect(await refusal(() => confined.read('zero'))).toBe('bad-path')
  expect(lstatSync(join(root, 'pipe')).isFIFO()).toBe(true)
})

test('W-9 a write keeps mode and links, leaves nothing behind, and a broken stream changes nothing', async () => {
  const { root } = stage()
  const file = join(root, 'run.sh')
  writeFileSync(file, 'old')
  chmodSync(file, 0o754)
  const confined = confine(root)

  await confined.write('run.sh', text('new'))
  const half = async function* () {
    yield text('half of it')
    throw new Error('the sender went away')
  }
  expect(await refusal(() => confined.writeStream('run.sh', half(), 1000))).toBe('unknown')
  expect(await refusal(() => confined.writeStream('run.sh', stream('12345', '67890'), 9))).toBe('too-large')

  expect(readFileSync(file, 'utf8')).toBe('new')
  expect(statSync(file).mode & 0o777).toBe(0o754)
  expect(confined.list('').map(({ name }) => name)).toEqual(['run.sh'])
  expect(readdirSync(join(root, '.devex-tmp'))).toEqual(['.gitignore'])
  execFileSync('git', ['init', '-q'], { cwd: root })
  expect(execFileSync('git', ['status', '--short'], { cwd: root }).toString().trim()).toBe('?? run.sh')

  linkSync(file, join(root, 'twin.sh'))
  await confined.write('run.sh', text('both'))
  expect(readFileSync(join(root, 'twin.sh'), 'utf8')).toBe('both')
})

test('W-9 with a scratch folder of ours the workspace holds nothing but the file', async () => {
  const { top, root } = stage()
  const confined = confine(root, { scratch: join(top, 'scratch') })

  await confined.write('main.py', text('print(1)'))

  expect(readdirSync(root)).toEqual(['main.py'])
  expect(readdirSync(join(top, 'scratch'))).toEqual([])
})

test('W-9 what a killed runner left half-written is removed before the next write', async () => {
  const { top, root } = stage()
  mkdirSync(join(top, 'scratch'))
  writeFileSync(join(top, 'scratch', '.devex-tmp-left'), 'half')

  await confine(root, { scratch: join(top, 'scratch') }).write('main.py', text('print(1)'))

  expect(readdirSync(join(top, 'scratch'))).toEqual([])
})

test('W-9 a scratch folder on another file system is given up, and the write is whole all the same', async () => {
  const { root } = stage()
  const scratch = mkdtempSync('/dev/shm/devex-scratch-')
  onTestFinished(() => rmSync(scratch, { recursive: true }))
  const confined = confine(root, { scratch })

  for (const content of ['first', 'second']) {
    await confined.write('main.py', text(content))
    expect(readFileSync(join(root, 'main.py'), 'utf8')).toBe(content)
  }

  expect(readdirSync(scratch)).toEqual([])
  expect(confined.list('').map(({ name }) => name)).toEqual(['main.py'])
})

test('W-6 the stat of a write is that of what was written, whoever replaces the file right afterwards', async () => {
  const { root } = stage()
  const confined = confine(root)

  const writing = confined.write('main.py', text('ours'), { still: () => true })
  // The tool's file takes the name as soon as ours has it, before the write is answered.
  while (!existsSync(join(root, 'main.py'))) await new Promise((resume) => setImmediate(resume))
  const ours = lstatSync(join(root, 'main.py'), { bigint: true }).ino
  writeFileSync(join(root, 'tool'), 'theirs')
  execFileSync('mv', ['tool', 'main.py'], { cwd: root })

  expect((await writing).ino).toBe(ours)
})

test('W-9 each write tells its new identity, so that a rename right after it is still understood', async () => {
  const { root } = stage()
  const confined = confine(root)
  const told: [string, bigint][] = []
  confined.onWritten((path, stat) => told.push([path, stat.ino]))

  const stat = await confined.write('main.py', text('print(1)'))

  expect(told).toEqual([['main.py', stat.ino]])
  expect(lstatSync(join(root, 'main.py'), { bigint: true }).ino).toBe(stat.ino)
})

test('creating and moving never replace anything; removing takes folders whole and links alone', async () => {
  const { root, outside } = stage()
  const confined = confine(root)
  await confined.createFile('deep/down/a.txt')
  await confined.write('b.txt', text('b'))
  symlinkSync(outside, join(root, 'deep', 'out'))
  await confined.makeFolder('empty')

  expect(await refusal(() => confined.createFile('b.txt'))).toBe('exists')
  expect(await refusal(() => confined.makeFolder('b.txt'))).toBe('exists')
  expect(await refusal(() => confined.move('deep/down/a.txt', 'b.txt'))).toBe('exists')
  expect(await refusal(() => confined.move('deep', 'empty'))).toBe('exists')
  expect(await refusal(() => confined.move('deep', 'deep/down/deeper'))).toBe('bad-input')
  expect(await refusal(() => confined.move('nothing', 'c.txt'))).toBe('not-found')
  expect(await refusal(() => confined.remove('nothing'))).toBe('not-found')
  await confined.move('b.txt', 'deep/b.txt')
  await confined.remove('deep')

  expect(existsSync(join(root, 'deep'))).toBe(false)
  expect(readFileSync(join(outside, 'victim', 'inner.txt'), 'utf8')).toBe(secret)
})

test('our hidden folder cannot be named by anybody', async () => {
  const { root } = stage()
  const confined = confine(root)
  await confined.write('a.txt', text('a'))

  for (const path of ['.devex-tmp', '.devex-tmp/x', 'sub/.devex-tmp-abc']) {
    expect(await refusal(() => confined.write(path, text('x')))).toBe('bad-path')
    expect(await refusal(() => confined.remove(path))).toBe('bad-path')
  }
})
