// The tree door with real socket.io pages: commands, refusals, and a list that stays equal to the disk.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limits } from '../../../protocol/limits.ts'
import { Tree } from '../../../protocol/tree.ts'
import { eventually, picture } from '../workspace/stage.ts'
import { openDoors } from './doors.ts'

const refused = (code: string) => ({ ok: false, error: expect.objectContaining({ code }) })

test('W-7 a page gets the whole list first and then every revision, its own changes and others', async () => {
  const { enter } = await openDoors()
  const ada = await enter('ada', 'editor')
  await eventually(() => ada.trees.length === 1)
  const grace = await enter('grace', 'viewer')

  expect(await ada.ask('create', { path: 'src', kind: 'folder' })).toEqual({ ok: true, path: 'src' })
  expect(await ada.ask('create', { path: 'src/deep/main.py', kind: 'file' })).toEqual({
    ok: true,
    path: 'src/deep/main.py',
  })
  await eventually(() => grace.opsSaid().length >= 3)

  expect(Tree.parse(ada.trees[0]).entries).toEqual([])
  for (const page of [ada, grace]) {
    const paths = page.opsSaid().map((op) => (op.op === 'put' ? op.entry.path : op.op))
    expect(paths).toEqual(['src', 'src/deep', 'src/deep/main.py'])
  }
  const asked = await grace.ask('tree')
  expect(asked).toMatchObject({ ok: true, tree: { rev: grace.ops.at(-1)!.rev } })
})

test('W-7 what a shell does reaches every page by itself, and a missed revision is healed by asking', async () => {
  const { enter, root } = await openDoors()
  const ada = await enter('ada', 'editor')
  await eventually(() => ada.trees.length === 1)

  execFileSync('bash', ['-c', 'mkdir -p lib/node_modules && echo hi > lib/a.txt && ln -s a.txt lib/b'], {
    cwd: root,
  })
  await eventually(() => ['lib/a.txt', 'lib/b', 'lib/node_modules'].every(ada.knows))

  const answer = await ada.ask('tree')
  const { tree } = answer as unknown as { tree: Tree }
  expect(tree.entries.map(({ path, kind, size, ignored }) => [path, kind, size, ignored])).toEqual([
    ['lib', 'folder', 0, undefined],
    ['lib/a.txt', 'file', 3, undefined],
    ['lib/b', 'link', 5, undefined],
    ['lib/node_modules', 'folder', 0, true],
  ])
})

test('W-7 an ignored folder is listed when it is opened', async () => {
  const { enter, root } = await openDoors()
  mkdirSync(join(root, 'node_modules', 'left', 'lib'), { recursive: true })
  writeFileSync(join(root, 'node_modules', 'left', 'index.js'), '')
  const ada = await enter('ada', 'viewer')

  expect(await ada.ask('list', { path: 'node_modules/left' })).toMatchObject({
    ok: true,
    entries: [
      { path: 'node_modules/left/index.js', kind: 'file' },
      { path: 'node_modules/left/lib', kind: 'folder', ignored: true },
    ],
  })
  expect(await ada.ask('list', { path: 'nothing' })).toEqual(refused('not-found'))
})

test('W-8 a move by a page is one move for everybody, and documents know before it is answered', async () => {
  const { enter, root, documents } = await openDoors()
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src', 'a.py'), 'print(1)')
  const [ada, grace] = [await enter('ada', 'editor'), await enter('grace', 'viewer')]
  await eventually(() => grace.knows('src/a.py'))
  documents.beforeSettle = () => writeFileSync(join(root, 'src', 'a.py'), 'print(2)')

  expect(await ada.ask('move', { from: 'src', to: 'app/lib' })).toEqual({ ok: true, path: 'app/lib' })

  expect(documents.moves).toEqual([['src', 'app/lib']])
  expect(readFileSync(join(root, 'app', 'lib', 'a.py'), 'utf8')).toBe('print(2)')
  await eventually(() => grace.opsSaid().some(({ op }) => op === 'move'))
  expect(grace.opsSaid().filter(({ op }) => op === 'move')).toEqual([
    { op: 'move', from: 'src', to: 'app/lib' },
  ])
  expect(grace.opsSaid().some(({ op }) => op === 'gone')).toBe(false)
})

test('W-8 a rename in a shell keeps the document; a tool that saves by renaming does not carry it away', async () => {
  const { enter, root, documents } = await openDoors()
  writeFileSync(join(root, 'a.py'), 'print(1)')
  const ada = await enter('ada', 'viewer')
  await eventually(() => ada.knows('a.py'))

  execFileSync('mv', ['a.py', 'b.py'], { cwd: root })
  await eventually(() => documents.moves.length === 1)
  execFileSync('bash', ['-c', 'mv b.py b.py~; sleep 0.03; echo "print(2)" > b.py; rm b.py~'], { cwd: root })
  execFileSync('bash', ['-c', 'rm b.py; echo other > c.py'], { cwd: root })
  await eventually(() => ada.opsSaid().some((op) => op.op === 'gone' && op.path === 'b.py'))

  expect(documents.moves).toEqual([['a.py', 'b.py']])
})

test('removing takes whole folders at once; a name below another, or twice, is no fault', async () => {
  const { enter, root } = await openDoors()
  mkdirSync(join(root, 'src', 'deep'), { recursive: true })
  writeFileSync(join(root, 'src', 'deep', 'a.py'), '')
  const ada = await enter('ada', 'owner')
  await eventually(() => ada.knows('src/deep/a.py'))

  const paths = ['src/deep/a.py', 'src', 'src']
  expect(await ada.ask('remove', { paths })).toEqual({ ok: true, paths })

  expect(readdirSync(root)).toEqual([])
  await eventually(() => ada.opsSaid().some(({ op }) => op === 'gone'))
  expect(await ada.ask('tree')).toMatchObject({ tree: { entries: [] } })
})

test('A-8 each role does at this door what the table says, and nothing else happens', async () => {
  const { enter, root, documents } = await openDoors()
  writeFileSync(join(root, 'a.py'), '')
  const viewer = await enter('grace', 'viewer')

  expect(await viewer.ask('create', { path: 'b.py', kind: 'file' })).toEqual(refused('forbidden'))
  expect(await viewer.ask('move', { from: 'a.py', to: 'b.py' })).toEqual(refused('forbidden'))
  expect(await viewer.ask('remove', { paths: ['a.py'] })).toEqual(refused('forbidden'))
  expect(await viewer.ask('open', { path: 'a.py' })).toMatchObject({ ok: true, opened: { kind: 'text' } })
  expect(await viewer.ask('list', { path: '' })).toMatchObject({ ok: true })
  expect(readdirSync(root)).toEqual(['a.py'])
  expect(documents.settled).toBe(0)

  for (const role of ['editor', 'owner'] as const) {
    const page = await enter('ada', role)
    expect(await page.ask('create', { path: `${role}.py`, kind: 'file' })).toMatchObject({ ok: true })
  }
  const nobody = await enter('eve', 'nobody')
  await eventually(() => nobody.socket.disconnected)
  expect(nobody.trees).toEqual([])
})

test('W-1 no command of a page gets out of the workspace', async () => {
  const { enter, root, outside } = await openDoors()
  symlinkSync(outside, join(root, 'out'))
  writeFileSync(join(root, 'mine.txt'), 'mine')
  const ada = await enter('ada', 'owner')
  const before = picture(outside)

  for (const path of ['../outside/secret.txt', '/etc/passwd', 'a/../../x', 'a\0b', '..', 'out/../../x']) {
    for (const asked of [
      ada.ask('create', { path, kind: 'file' }),
      ada.ask('move', { from: 'mine.txt', to: path }),
      ada.ask('move', { from: path, to: 'taken' }),
      ada.ask('remove', { paths: [path] }),
      ada.ask('list', { path }),
      ada.ask('open', { path }),
    ]) {
      expect(await asked, path).toEqual(refused('bad-input'))
    }
  }
  for (const asked of [
    ada.ask('create', { path: 'out/new', kind: 'file' }),
    ada.ask('create', { path: 'out/new/deep', kind: 'folder' }),
    ada.ask('move', { from: 'mine.txt', to: 'out/mine.txt' }),
    ada.ask('move', { from: 'out/secret.txt', to: 'taken' }),
    ada.ask('remove', { paths: ['out/victim'] }),
    ada.ask('list', { path: 'out' }),
  ]) {
    expect(await asked).toEqual(refused('bad-path'))
  }
  expect(picture(outside)).toEqual(before)
  expect(existsSync(join(root, 'mine.txt'))).toBe(true)
})

test('bad input from one page is refused in words, changes nothing and disturbs nobody', async () => {
  const { enter, root } = await openDoors()
  const [ada, eve] = [await enter('ada', 'editor'), await enter('eve', 'editor')]
  await eventually(() => ada.trees.length === 1)

  for (const bad of [undefined, null, 7, 'x', [], {}, { path: 7 }, { path: 'a', kind: 'device' }]) {
    expect(await eve.ask('create', bad)).toEqual(refused('bad-input'))
  }
  for (const event of ['explode', 'constructor', '__proto__', 'toString']) {
    expect(await eve.ask(event, {})).toEqual(refused('bad-input'))
  }
  expect(await eve.ask('remove', { paths: [] })).toEqual(refused('bad-input'))
  expect(await eve.ask('create', { path: 'a', kind: 'file' }, 'more')).toEqual(refused('bad-input'))
  eve.socket.emit('create', { path: 'unanswered', kind: 'file' })
  const flood = await Promise.all(Array.from({ length: 200 }, () => eve.ask('list', { path: '' })))
  expect(flood.some((answer) => answer.ok)).toBe(true)

  expect(readdirSync(root)).toEqual([])
  expect(ada.ops).toEqual([])
  expect(await ada.ask('create', { path: 'fine', kind: 'file' })).toMatchObject({ ok: true })
})

test('documents that move or lose their file are told to every page', async () => {
  const { enter, documents } = await openDoors()
  const ada = await enter('ada', 'viewer')

  documents.tell({ kind: 'gone', doc: 'a'.repeat(16), path: 'a.py' })

  await eventually(() => ada.documents.length === 1)
  expect(ada.documents).toEqual([{ kind: 'gone', doc: 'a'.repeat(16), path: 'a.py' }])
})

test('W-7 who asks for the list again and again without reading is refused, and what waits for them is bounded', async () => {
  const { root, enter, watch } = await openDoors()
  mkdirSync(join(root, 'many'))
  const name = 'n'.repeat(180)
  for (let i = 0; i < 2000; i += 1) writeFileSync(join(root, 'many', `${name}${i}`), '')
  await watch.sweep()
  const ada = await enter('ada', 'viewer')
  await eventually(() => ada.knows(`many/${name}1999`))
  const listBytes = JSON.stringify(ada.trees.at(-1) ?? {}).length + JSON.stringify(ada.opsSaid()).length
  const asks = 300
  expect(asks * listBytes).toBeGreaterThan(4 * limits.pagesQueuedBytes)

  // The pages' own socket: nothing is read from it until it is resumed.
  const line = Reflect.get(Object(Reflect.get(ada.socket.io.engine.transport, 'ws')), '_socket')
  line.pause()
  const grace = await enter('grace', 'viewer')
  const answers: ReturnType<typeof ada.ask>[] = []
  // Few at a time: those that wait are counted as well. Another page is served in between.
  while (answers.length < asks) {
    answers.push(...Array.from({ length: 10 }, () => ada.ask('tree')))
    expect(await grace.ask('tree')).toMatchObject({ ok: true })
  }
  line.resume()

  const refused = (await Promise.all(answers)).filter((answer) => !answer.ok)
  expect(refused.length).toBeGreaterThan(asks / 2)
  for (const answer of refused)
    expect(answer).toMatchObject({ error: { say: expect.stringMatching(/has not taken/) } })
  expect(await ada.ask('tree')).toMatchObject({ ok: true })
})
