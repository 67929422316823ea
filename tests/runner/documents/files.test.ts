// Documents and their files: when they are written, what comes from tools, moves, removals, and the end of reading.
import {
  chmod,
  link,
  lstat,
  mkdir,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { DocumentEvent } from '../../../protocol/tree.ts'
import { systemClock, type Clock } from '../../../runner/documents/clock.ts'
import type { Files, FileStat } from '../../../runner/documents/ports.ts'
import { eventually } from '../../support/eventually.ts'
import { startSession } from './session.ts'

/** A clock that stands still until the test moves it. */
class HeldClock implements Clock {
  #now = Date.now()
  #waiting: Array<{ at: number; run: () => void }> = []
  now = (): number => this.#now
  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.#now + ms, run }
    this.#waiting.push(timer)
    return () => (this.#waiting = this.#waiting.filter((other) => other !== timer))
  }
  pass(ms: number): void {
    this.#now += ms
    const due = this.#waiting.filter(({ at }) => at <= this.#now)
    this.#waiting = this.#waiting.filter(({ at }) => at > this.#now)
    for (const { run } of due) run()
  }
}

test('W-5 a reading from between the bytes of a write is not believed, though its file looked old when it began', async () => {
  let torn: Buffer | null = null
  let before: FileStat | null = null
  let files: Files | undefined
  const faulty = (sound: Files): Files => {
    files = sound
    return {
      ...sound,
      read: async (path) => {
        const whole = await sound.read(path)
        if (torn === null || before === null) return whole
        const half = { bytes: torn, stat: before }
        torn = null
        return half
      },
    }
  }
  const session = await startSession({ faulty })
  await session.put('a.txt', 'one\ntwo\nthree\n')
  await utimes(join(session.folders.workspace, 'a.txt'), 1_000_000, 1_000_000)
  const page = await session.join('a.txt')
  const seen: string[] = []
  page.text.observe(() => void seen.push(page.text.toString()))
  before = (await files?.stat('a.txt')) ?? null
  await session.put('a.txt', 'zero\none\ntwo\nthree\n')
  torn = Buffer.from('zero\none\ntwhree\n')

  await session.documents.changed(new Set(['a.txt']))

  await eventually(() => page.text.toString() === 'zero\none\ntwo\nthree\n')
  expect(torn).toBe(null)
  expect(seen.filter((text) => text.includes('twhree'))).toEqual([])
})

test('W-4 an edit is in the file 50 ms after the last one, and 250 ms after the first in any case', async () => {
  const clock = new HeldClock()
  const session = await startSession({ clock })
  await session.put('a.py', '')
  const page = await session.join('a.py')

  for (let i = 0; i < 5; i += 1) {
    page.text.insert(0, 'x')
    clock.pass(49)
  }
  expect(session.documents.count.writes).toBe(0)
  page.text.insert(0, 'x')
  clock.pass(5)
  await eventually(async () => (await session.text('a.py')) === 'xxxxxx')

  page.text.insert(0, 'y')
  clock.pass(50)
  await eventually(async () => (await session.text('a.py')) === 'yxxxxxx')
})

test('W-4 T-7 everything is in the files when somebody is about to read them', async () => {
  const session = await startSession({ clock: new HeldClock() })
  await session.put('a.py', '')
  await session.put('b.py', '')
  const [a, b] = [await session.join('a.py'), await session.join('b.py')]

  a.text.insert(0, 'print(1)')
  b.text.insert(0, 'print(2)')
  await session.documents.materialise('enter')

  expect(await session.text('a.py')).toBe('print(1)')
  expect(await session.text('b.py')).toBe('print(2)')
})

test('W-6 our own writes cause no ingest, a touch causes none, and a tool’s change causes one', async () => {
  const session = await startSession()
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  const look = () => session.documents.changed(new Set(['a.py']))

  for (let i = 0; i < 20; i += 1) {
    page.text.insert(0, 'x')
    await session.documents.materialise('test')
    await look()
  }
  await session.put('a.py', await session.get('a.py'))
  await look()
  expect(session.documents.count).toMatchObject({ ingests: 0, writes: 20 })

  await session.put('a.py', `${await session.text('a.py')}tool\n`)
  await look()
  await look()
  expect(session.documents.count).toMatchObject({ ingests: 1, writes: 20 })
})

test('W-5 a tool that writes between our look and our write is merged, not overwritten', async () => {
  const session = await startSession()
  await session.put('a.py', 'one\ntwo\n')
  const page = await session.join('a.py')

  for (let i = 0; i < 30; i += 1) {
    page.text.insert(0, `ada ${i}\n`)
    const written = session.documents.materialise('test')
    await session.put('a.py', `${(await session.text('a.py')).replace(/(tool \d+\n)?$/, '')}tool ${i}\n`)
    await written
    await session.documents.changed(new Set(['a.py']))
    await session.documents.materialise('test')
    const text = await session.text('a.py')
    expect(text).toBe(page.text.toString())
    expect(text).toContain(`ada ${i}\n`)
    expect(text).toContain(`tool ${i}\n`)
  }
})

test('a truncated file is awaited: a tool that empties and then writes is one change', async () => {
  const session = await startSession()
  const text = 'a line\n'.repeat(100)
  await session.put('a.py', text)
  const page = await session.join('a.py')

  await session.put('a.py', '')
  const looked = session.documents.changed(new Set(['a.py']))
  await session.put('a.py', `${text}more\n`)
  await looked

  expect(page.text.toString()).toBe(`${text}more\n`)
  expect(session.documents.count.ingests).toBe(1)
})

test('a removed file’s document is told to be gone, keeps its text, and lives again with its file', async () => {
  const clock = new HeldClock()
  const session = await startSession({ clock })
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  const events: DocumentEvent[] = []
  session.documents.onEvent((event) => events.push(event))
  const path = join(session.folders.workspace, 'a.py')

  await rm(path)
  await session.documents.changed(new Set(['a.py']))
  expect(events).toEqual([])
  clock.pass(2000)
  await eventually(() => events.length === 1)
  page.text.insert(0, 'kept\n')
  await session.documents.materialise('test')

  expect(events).toEqual([{ kind: 'gone', doc: page.id, path: 'a.py' }])
  expect(await readdir(session.folders.workspace)).not.toContain('a.py')
  await writeFile(path, 'one\n')
  await session.documents.changed(new Set(['a.py']))
  await session.documents.materialise('test')
  expect(await session.text('a.py')).toBe('kept\none\n')
})

test('a file that is removed and made anew within a moment was only changed', async () => {
  const clock = new HeldClock()
  const session = await startSession({ clock })
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  const events: DocumentEvent[] = []
  session.documents.onEvent((event) => events.push(event))

  await rm(join(session.folders.workspace, 'a.py'))
  await session.documents.changed(new Set(['a.py']))
  clock.pass(1000)
  await session.put('a.py', 'one\ntwo\n')
  await session.documents.changed(new Set(['a.py']))
  clock.pass(5000)
  await session.documents.materialise('test')

  expect(events).toEqual([])
  expect(page.text.toString()).toBe('one\ntwo\n')
})

test('W-8 a moved file, and a file in a moved folder, keep their id, history and unwritten edits', async () => {
  const session = await startSession()
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  const at = (path: string): string => join(session.folders.workspace, path)
  const events: DocumentEvent[] = []
  session.documents.onEvent((event) => events.push(event))

  page.text.insert(0, 'ada\n')
  await rename(at('a.py'), at('b.py'))
  await session.documents.moved('a.py', 'b.py')
  page.text.insert(0, 'more\n')
  await session.documents.materialise('test')

  expect(await session.text('b.py')).toBe('more\nada\none\n')
  expect(await readdir(session.folders.workspace)).not.toContain('a.py')
  expect(events).toEqual([{ kind: 'moved', doc: page.id, path: 'b.py' }])
  await session.stop()
  const later = await startSession({ folders: session.folders, generation: 2 })
  const again = await later.join('b.py')
  expect([again.id, again.epoch]).toEqual([page.id, page.epoch])
})

test('W-8 a document under a file that was moved over it gives up its path, and both keep their ids', async () => {
  const session = await startSession()
  await session.put('a.py', 'a\n')
  await session.put('b.py', 'b\n')
  const [a, b] = [await session.join('a.py'), await session.join('b.py')]

  await rename(join(session.folders.workspace, 'a.py'), join(session.folders.workspace, 'b.py'))
  await session.documents.moved('a.py', 'b.py')

  expect(await session.documents.open('b.py')).toMatchObject({ doc: a.id })
  b.text.insert(0, 'lost file\n')
  await session.documents.materialise('test')
  expect(await session.text('b.py')).toBe('a\n')
  expect((await session.documents.enter(b.id, b.epoch)).text).toBe('lost file\nb\n')
})

test('W-8 a program that saves by renaming slowly, seen on its way, changes the document and takes nothing from it', async () => {
  const session = await startSession()
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  const events: DocumentEvent[] = []
  session.documents.onEvent((event) => events.push(event))
  const at = (path: string): string => join(session.folders.workspace, path)

  await writeFile(at('a.py.new'), 'one\ntwo\n')
  await rename(at('a.py.new'), at('a.py'))
  await session.documents.moved('a.py.new', 'a.py')
  await session.documents.changed(new Set(['a.py', 'a.py.new']))
  page.text.insert(0, 'ada\n')
  await session.documents.materialise('test')

  expect(await session.text('a.py')).toBe('ada\none\ntwo\n')
  expect(events).toEqual([])
  expect(await session.documents.open('a.py')).toMatchObject({ doc: page.id, epoch: page.epoch })
})

test('a document leaves memory 60 s after its last reader, and comes back the same', async () => {
  const clock = new HeldClock()
  const session = await startSession({ clock })
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  page.text.insert(0, 'ada\n')

  session.documents.leave(page.id)
  clock.pass(59_000)
  expect(session.documents.loaded(page.id)).toBeDefined()
  clock.pass(1000)
  await eventually(() => session.documents.loaded(page.id) === undefined)

  expect(await session.text('a.py')).toBe('ada\none\n')
  const again = await session.join('a.py')
  expect([again.id, again.epoch, again.text.toString()]).toEqual([page.id, page.epoch, 'ada\none\n'])
})

test('what a tool did to a closed document’s file is merged when it is opened again', async () => {
  const first = await startSession()
  await first.put('a.py', 'one\ntwo\n')
  const before = await first.join('a.py')
  before.text.insert(0, 'ada\n')
  await first.stop()
  await first.put('a.py', 'ada\none\ntool\ntwo\n')

  const second = await startSession({ folders: first.folders, generation: 2 })
  const after = await second.join('a.py')

  expect(after.epoch).toBe(before.epoch)
  expect(after.text.toString()).toBe('ada\none\ntool\ntwo\n')
})

test('a file that a restore brought back older gives way to its document', async () => {
  const first = await startSession()
  await first.put('a.py', 'one\n')
  const before = await first.join('a.py')
  for (const word of ['two\n', 'three\n']) {
    before.text.insert(0, word)
    await first.documents.materialise('test')
  }
  await first.stop()
  await first.put('a.py', 'two\none\n')

  const second = await startSession({ folders: first.folders, generation: 2 })
  await second.join('a.py')
  await second.documents.materialise('test')
  expect(await second.text('a.py')).toBe('three\ntwo\none\n')
})

test('W-9 a log of more than 500 edits becomes a snapshot, and nothing is lost on the way', async () => {
  const session = await startSession()
  await session.put('a.py', '')
  const page = await session.join('a.py')
  for (let i = 0; i < 600; i += 1) page.text.insert(0, 'x')
  await session.documents.materialise('test')

  expect(session.log.backlog(page.id).records).toBe(0)
  page.text.insert(0, 'y')
  session.log.flush()
  session.crash()
  const again = await startSession({ folders: session.folders })
  expect((await again.join('a.py')).text.toString()).toBe(`y${'x'.repeat(600)}`)
})

test('a written file keeps its mode, and a link or a second name keeps leading to it', async () => {
  const session = await startSession()
  const at = (path: string): string => join(session.folders.workspace, path)
  await session.put('run.sh', 'echo\n')
  await chmod(at('run.sh'), 0o755)
  await link(at('run.sh'), at('same.sh'))
  await symlink('run.sh', at('link.sh'))
  const page = await session.join('link.sh')

  page.text.insert(0, '# ada\n')
  await session.documents.materialise('test')

  expect(((await stat(at('run.sh'))).mode & 0o777).toString(8)).toBe('755')
  expect(await session.text('same.sh')).toBe('# ada\necho\n')
  expect((await lstat(at('link.sh'))).isSymbolicLink()).toBe(true)
})

test('W-1 a document is never opened through a link that leads out', async () => {
  const session = await startSession()
  await writeFile(join(session.folders.state, 'secret'), 'secret')
  await symlink(join(session.folders.state, 'secret'), join(session.folders.workspace, 'way-out'))

  await expect(session.documents.open('way-out')).rejects.toMatchObject({ code: 'bad-path' })
})

test('two who open a new file at once get one document with one first text', async () => {
  const session = await startSession({ clock: systemClock })
  await session.put('a.py', 'seed\n')
  const [a, b] = await Promise.all([session.join('a.py'), session.join('a.py')])

  expect([a.id, a.epoch]).toEqual([b.id, b.epoch])
  expect(a.text.toString()).toBe('seed\n')
})

test('two paths that lead to one file, a link and its target, are one document', async () => {
  const session = await startSession()
  await session.put('a.py', 'one\n')
  await symlink('a.py', join(session.folders.workspace, 'link.py'))
  const [a, link_] = [await session.join('a.py'), await session.join('link.py')]

  expect([link_.id, link_.epoch]).toEqual([a.id, a.epoch])
  expect(await session.documents.open('link.py')).toMatchObject({ path: 'link.py', doc: a.id })
  a.text.insert(0, 'ada\n')
  link_.text.insert(0, 'grace\n')
  await session.documents.materialise('test')
  expect(await session.text('a.py')).toBe(session.documents.loaded(a.id)?.text)
  expect((await session.text('a.py')).split('\n').sort()).toEqual(['', 'ada', 'grace', 'one'])
})

test('W-4 while git has its lock files are neither written nor taken in halfway; a lock left behind holds nobody', async () => {
  let looks = 0
  const counted = (files: Files): Files => ({ ...files, gitLock: () => ((looks += 1), files.gitLock()) })
  const session = await startSession({ faulty: counted })
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  const lock = join(session.folders.workspace, '.git', 'index.lock')
  await mkdir(join(session.folders.workspace, '.git'))
  await writeFile(lock, '')

  page.text.insert(0, 'ada\n')
  // It was due at the first look; each one more says no.
  const before = looks
  await eventually(() => looks >= before + 10)
  expect(await session.text('a.py')).toBe('one\n')
  await session.put('a.py', 'half\n')
  const looked = session.documents.changed(new Set(['a.py']))
  await session.put('a.py', 'one\ntwo\n')
  await rm(lock)
  await looked
  await eventually(async () => (await session.text('a.py')) === 'ada\none\ntwo\n')
  expect(session.documents.count.ingests).toBe(1)

  await writeFile(lock, '')
  const longAgo = new Date(Date.now() - 10_000)
  await utimes(lock, longAgo, longAgo)
  page.text.insert(0, 'more\n')
  await eventually(async () => (await session.text('a.py')) === 'more\nada\none\ntwo\n')
})

test('T-7 Enter does not wait for git: what is on the screen is in the file', async () => {
  const session = await startSession()
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  await mkdir(join(session.folders.workspace, '.git'))
  await writeFile(join(session.folders.workspace, '.git', 'index.lock'), '')

  page.text.insert(0, 'ada\n')
  await session.documents.materialise('enter')
  expect(await session.text('a.py')).toBe('ada\none\n')
})

test('a file that was told to be gone and comes back is told to be back', async () => {
  const clock = new HeldClock()
  const session = await startSession({ clock })
  await session.put('a.py', 'one\n')
  const page = await session.join('a.py')
  const events: DocumentEvent[] = []
  session.documents.onEvent((event) => events.push(event))
  await rm(join(session.folders.workspace, 'a.py'))
  await session.documents.changed(new Set(['a.py']))
  clock.pass(2000)
  await eventually(() => events.length === 1)

  await session.put('a.py', 'one\n')
  await session.documents.changed(new Set(['a.py']))
  expect(events).toEqual([
    { kind: 'gone', doc: page.id, path: 'a.py' },
    { kind: 'back', doc: page.id, path: 'a.py' },
  ])
})
