// The core's pure parts: counting of edits, words of the connection, rows of the tree, carried-over text, tabs.
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { AppError } from '../../protocol/errors.ts'
import { Progress } from '../../app/ide/editor/progress.ts'
import { placeIn, regionOf } from '../../app/ide/editor/carry-over.ts'
import type { Documents } from '../../app/ide/editor/documents.ts'
import { createTabs } from '../../app/ide/editor/tabs.ts'
import { treeMove, visibleRows } from '../../app/ide/files/rows.ts'
import { childrenByFolder, createTreeMirror } from '../../app/ide/files/tree.ts'
import { connectionWord, type ConnectionFacts } from '../../app/ide/link/words.ts'
import { peopleOf } from '../../app/ide/people/presence.ts'
import { OutputStream } from '../../app/ide/terminal/stream.ts'
import type { Opened, TreeEntry } from '../../protocol/tree.ts'

const entry = (path: string, kind: TreeEntry['kind'] = 'file'): TreeEntry => ({
  path,
  kind,
  size: 1,
  mtime: 1,
})

test('C-6 counts are of one connection: what it lost waits again until the first answer of the next carries it', () => {
  const progress = new Progress()
  progress.opened()
  progress.frameSent('step2')
  for (const kind of ['update', 'update'] as const) {
    progress.edited()
    progress.frameSent(kind)
  }
  progress.told(2, 2)
  expect(progress.waiting()).toEqual({ unsaved: 1, unlogged: 1 })
  progress.closed()
  progress.edited()
  expect(progress.waiting()).toEqual({ unsaved: 2, unlogged: 2 })
  progress.opened()
  // Counts of the old connection must not stand for frames of the new one.
  progress.told(0, 0)
  expect(progress.waiting()).toEqual({ unsaved: 2, unlogged: 2 })
  progress.frameSent('step2')
  progress.told(1, 0)
  expect(progress.waiting()).toEqual({ unsaved: 2, unlogged: 0 })
  progress.told(1, 1)
  expect(progress.waiting()).toEqual({ unsaved: 0, unlogged: 0 })
})

test('an update sent before the answer of a new connection carries only itself', () => {
  const progress = new Progress()
  progress.edited()
  progress.opened()
  progress.edited()
  progress.frameSent('update')
  progress.told(1, 1)
  expect(progress.waiting()).toEqual({ unsaved: 1, unlogged: 1 })
  progress.frameSent('step2')
  progress.told(2, 2)
  expect(progress.waiting().unsaved).toBe(0)
})

test('edits that an earlier page kept are one frame and count as many as they were', () => {
  const progress = new Progress()
  progress.opened()
  progress.frameSent('step2')
  progress.edited(12)
  progress.frameSent('update')
  expect(progress.waiting()).toEqual({ unsaved: 12, unlogged: 12 })
  progress.told(2, 2)
  expect(progress.waiting().unsaved).toBe(0)
})

test('the connection words are the six, and say how much waits', () => {
  const facts: ConnectionFacts = {
    link: { phase: 'live' },
    session: 'here',
    roomsAwaySince: null,
    isLate: false,
    waiting: 0,
    isKept: true,
    isViewer: false,
    readOnly: null,
  }
  expect(connectionWord(facts).say).toBe('Synced')
  expect(connectionWord({ ...facts, waiting: 3 }).say).toBe('Sending 3…')
  for (const isViewer of [false, true])
    expect(connectionWord({ ...facts, isLate: true, isViewer }).say).toBe('Connecting')
  expect(connectionWord({ ...facts, isViewer: true }).say).toBe('Read only (viewer)')
  expect(connectionWord({ ...facts, link: { phase: 'connecting' } }).say).toBe('Connecting')
  expect(connectionWord({ ...facts, link: { phase: 'stopped', say: '' } }).say).toBe('Stopped')
  const offline = connectionWord({ ...facts, link: { phase: 'offline', since: 0 }, waiting: 12 })
  expect(offline.say).toMatch(/^Offline since .+ — typing is kept here, 12 edits wait$/)
  expect(connectionWord({ ...facts, roomsAwaySince: 0 }).word).toBe('offline')
  const away: ConnectionFacts = { ...facts, link: { phase: 'offline', since: 0 }, waiting: 1 }
  expect(connectionWord({ ...away, isKept: false }).say).toMatch(/ — keep this page open, 1 edit waits$/)
  expect(connectionWord({ ...away, session: 'ended' }).say).toBe('Stopped — 1 edit waits')
  expect(connectionWord({ ...away, session: 'coming' }).word).toBe('connecting')
  expect(connectionWord({ ...facts, readOnly: 'The disk is full.', waiting: 2 }).say).toBe(
    'Read only — 2 edits wait',
  )
})

test('W-7 a missed revision asks once for the whole list and is then equal', () => {
  const ask = vi.fn()
  const mirror = createTreeMirror(ask)
  mirror.whole({ rev: 4, entries: [entry('a.py')] })
  mirror.ops({ rev: 5, ops: [{ op: 'put', entry: entry('b.py') }] })
  expect([...mirror.state.get().entries.keys()]).toEqual(['a.py', 'b.py'])
  mirror.ops({ rev: 7, ops: [{ op: 'put', entry: entry('d.py') }] })
  mirror.ops({ rev: 8, ops: [{ op: 'gone', path: 'a.py' }] })
  expect(ask).toHaveBeenCalledTimes(1)
  expect(mirror.state.get().entries.has('d.py')).toBe(false)
  mirror.whole({ rev: 8, entries: [entry('b.py'), entry('c.py'), entry('d.py')] })
  expect([...mirror.state.get().entries.keys()]).toEqual(['b.py', 'c.py', 'd.py'])
  mirror.ops({ rev: 8, ops: [{ op: 'gone', path: 'b.py' }] })
  expect(mirror.state.get().entries.has('b.py')).toBe(true)
  mirror.ops({ rev: 9, ops: [{ op: 'nonsense' }] })
  expect(ask).toHaveBeenCalledTimes(2)
})

test('W-7 moving a folder moves all that is in it, and taking it away takes all', () => {
  const mirror = createTreeMirror(() => {})
  const paths = ['src', 'src/a.py', 'src/deep', 'src/deep/b.py', 'srcs.txt']
  mirror.whole({ rev: 0, entries: paths.map((path) => entry(path)) })
  mirror.ops({ rev: 1, ops: [{ op: 'move', from: 'src', to: 'lib' }] })
  expect([...mirror.state.get().entries.keys()].sort()).toEqual([
    'lib',
    'lib/a.py',
    'lib/deep',
    'lib/deep/b.py',
    'srcs.txt',
  ])
  mirror.ops({ rev: 2, ops: [{ op: 'gone', path: 'lib' }] })
  expect([...mirror.state.get().entries.keys()]).toEqual(['srcs.txt'])
})

test('the tree shows folders first and walks by keys as trees do', () => {
  const entries = new Map(
    [entry('z', 'folder'), entry('z/in.py'), entry('b10.py'), entry('b9.py')].map((one) => [one.path, one]),
  )
  const closed = visibleRows(childrenByFolder(entries), new Set())
  expect(closed.map((row) => row.entry.path)).toEqual(['z', 'b9.py', 'b10.py'])
  const open = visibleRows(childrenByFolder(entries), new Set(['z']))
  expect(open[1]).toMatchObject({ level: 2, position: 1, siblings: 1 })
  expect(treeMove('ArrowRight', closed, 'z')).toEqual({ kind: 'fold', path: 'z', open: true })
  expect(treeMove('ArrowRight', open, 'z')).toEqual({ kind: 'focus', path: 'z/in.py' })
  expect(treeMove('ArrowLeft', open, 'z/in.py')).toEqual({ kind: 'focus', path: 'z' })
  expect(treeMove('ArrowLeft', open, 'z')).toEqual({ kind: 'fold', path: 'z', open: false })
  expect(treeMove('ArrowDown', open, null)).toEqual({ kind: 'focus', path: 'z' })
  expect(treeMove('Enter', open, 'b9.py')).toEqual({ kind: 'open', path: 'b9.py' })
  expect(treeMove('b', open, 'b9.py')).toEqual({ kind: 'focus', path: 'b10.py' })
  expect(treeMove('End', open, 'z')).toEqual({ kind: 'focus', path: 'b10.py' })
})

test('a change of text is found whole, never inside a surrogate pair, and put where its surroundings are', () => {
  expect(regionOf('a😀c', 'a😁c')).toEqual({ at: 1, remove: 2, insert: '😁' })
  expect(regionOf('same', 'same').insert).toBe('')
  const change = regionOf('one\ntwo\n', 'one\nand\ntwo\n')
  expect(placeIn('zero\none\ntwo\n', 'one\ntwo\n', change)?.at).toBe(9)
  expect(placeIn('all else', 'one\ntwo\n', change)).toBeNull()
  const deep = regionOf('one\ntwo\nthree\n', 'one\ntwo and\nthree\n')
  expect(placeIn('zero\none\ntwo\nthree\nfour\n', 'one\ntwo\nthree\n', deep)).toMatchObject({ at: 12 })
})

test('T-1 the page paints a contiguous slice: what it has is cut off, what is missing is asked for', () => {
  let painted = ''
  const gap = vi.fn()
  const acks: number[] = []
  const stream = new OutputStream({
    canvas: {
      write: (bytes, done) => {
        painted += new TextDecoder().decode(bytes)
        done()
      },
      restart: () => {
        painted = ''
      },
    },
    ack: (offset) => acks.push(offset),
    gap,
  })
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  stream.snap({ offset: 100, cols: 80, rows: 24 }, bytes('screen'))
  stream.out(100, bytes('abc'))
  stream.out(101, bytes('bcde'))
  stream.out(102, bytes('cd'))
  expect(painted).toBe('screenabcde')
  stream.out(109, bytes('late'))
  expect(gap).toHaveBeenCalledTimes(1)
  expect(painted).toBe('screenabcde')
  stream.out(105, bytes('fghilate'))
  expect(painted).toBe('screenabcdefghilate')
  stream.out(113, new Uint8Array(70_000).fill(46))
  expect(acks.at(-1)).toBe(70_113)
  stream.dispose()
})

test('T-8 a picture is acknowledged also when everything up to it was: nothing comes behind one that is not', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const acks: number[] = []
  const canvas = { write: (_bytes: Uint8Array, done: () => void) => done(), restart: () => undefined }
  const stream = new OutputStream({ canvas, ack: (offset) => acks.push(offset), gap: () => undefined })
  stream.out(0, new Uint8Array(50))
  vi.advanceTimersByTime(1000)
  stream.snap({ offset: 50, cols: 80, rows: 24 }, new Uint8Array(9))
  vi.advanceTimersByTime(1000)

  expect(acks).toEqual([50, 50])
  stream.dispose()
})

test('a person with two pages is one person, told in the places of both', () => {
  const user = { id: 'adaadaadaadaadaa', name: 'Ada', role: 'owner', colorIndex: 1 }
  const grace = { id: 'gracegracegracea', name: 'Grace', role: 'viewer', colorIndex: 0 }
  const people = peopleOf(
    [
      { user, file: 'a.py', terminal: 1 },
      { user, file: 'b.py' },
      { user: grace, file: null },
      { nonsense: true },
    ],
    user.id,
  )
  expect(people.map((person) => person.user.name)).toEqual(['Grace', 'Ada'])
  expect(people[1]).toMatchObject({ isMe: true, files: ['a.py', 'b.py'], terminals: [1] })
})

let remembered: string | null = null
beforeEach(() => {
  remembered = null
})
function tabsOver(answers: Record<string, Opened | Error>) {
  const documents = { open: vi.fn(), close: vi.fn(), get: () => null } as unknown as Documents
  return createTabs({
    documents,
    ask: async (path) => {
      const answer = answers[path]
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('nothing')
      return answer
    },
    memory: {
      read: () => remembered,
      write: (text) => {
        remembered = text
      },
    },
  })
}

test('tabs are restored after a reload in their order, and a file that does not open says so', async () => {
  const image: Opened = { kind: 'binary', path: 'logo.png', size: 9 }
  const first = tabsOver({ 'logo.png': image })
  first.open('logo.png')
  first.open('gone.py')
  await vi.waitFor(() =>
    expect(first.state.get().tabs.map((tab) => tab.view.kind)).toEqual(['binary', 'failed']),
  )
  first.activate(1)
  first.dispose()
  const again = tabsOver({ 'logo.png': image })
  expect(again.state.get().tabs.map((tab) => tab.path)).toEqual(['logo.png', 'gone.py'])
  expect(again.state.get().tabs.find((tab) => tab.key === again.state.get().active)?.path).toBe('logo.png')
  again.moved('logo.png', 'pictures/logo.png')
  expect(again.state.get().tabs[0]?.path).toBe('pictures/logo.png')
  again.close(1)
  expect(again.state.get().tabs.map((tab) => tab.path)).toEqual(['gone.py'])
  again.dispose()
})

test('many remembered tabs ask for the shown file alone, each other one when it is shown, and a busy REPL is asked again', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const paths = Array.from({ length: 30 }, (_, at) => `file-${at}.bin`)
  remembered = JSON.stringify({ paths, active: 'file-7.bin' })
  const asked: string[] = []
  const tabs = createTabs({
    documents: { open: vi.fn(), close: vi.fn() } as unknown as Documents,
    ask: async (path) => {
      asked.push(path)
      if (asked.length === 1) throw new AppError('too-many', { say: 'Too many things at once.' })
      return { kind: 'binary', path, size: 1 }
    },
    memory: { read: () => remembered, write: () => {} },
  })
  const kindOf = (path: string) => tabs.state.get().tabs.find((tab) => tab.path === path)?.view.kind
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual(['file-7.bin'])
  expect(kindOf('file-7.bin')).toBe('opening')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual(['file-7.bin', 'file-7.bin'])
  expect(kindOf('file-7.bin')).toBe('binary')
  tabs.step(1)
  tabs.step(1)
  tabs.step(-1)
  await vi.advanceTimersByTimeAsync(0)
  expect(asked.slice(2)).toEqual(['file-8.bin', 'file-9.bin'])
  expect(kindOf('file-8.bin')).toBe('binary')
  tabs.dispose()
})
