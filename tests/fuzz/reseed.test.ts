// Every pair of things that make other systems double or lose text (unload, restart, crash, a changed file, a rename, a new
// epoch) befalls a document with two tabs, one of them offline with edits: no line doubled, none lost, everybody equal.
import { rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import * as Y from 'yjs'
import { expect, test } from 'vitest'
import type { Clock } from '../../runner/documents/clock.ts'
import { textCodec } from '../../runner/workspace/files.ts'
import { eventually } from '../support/eventually.ts'
import { ada, grace, newFolders, startSession, type TestSession } from '../runner/documents/session.ts'

/** The minute until a document is unloaded passes when the test says so. */
class Minute implements Clock {
  #waiting: Array<() => void> = []
  now = Date.now
  after = (ms: number, run: () => void): (() => void) => {
    if (ms >= 60_000) {
      this.#waiting.push(run)
      return () => (this.#waiting = this.#waiting.filter((other) => other !== run))
    }
    const timer = setTimeout(run, Math.min(ms, 10))
    return () => clearTimeout(timer)
  }
  pass(): void {
    for (const run of this.#waiting.splice(0)) run()
  }
}

const textOf = (doc: Y.Doc): string => doc.getText('content').toString()

function apply(doc: Y.Doc, to: string): void {
  const content = doc.getText('content')
  doc.transact(() => {
    for (const { at, remove, insert } of textCodec.diff(textOf(doc), to).toReversed()) {
      content.delete(at, remove)
      content.insert(at, insert)
    }
  })
}

/** What `mine` and `theirs` made of `base`, both. */
function bothOf(base: string, mine: string, theirs: string): string {
  const [a, b] = [new Y.Doc(), new Y.Doc()]
  a.getText('content').insert(0, base)
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a))
  apply(a, mine)
  apply(b, theirs)
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b))
  return textOf(a)
}

/** A page in small: keeps its document and epoch while away, comes back as the wire says. */
class Tab {
  doc = new Y.Doc()
  epoch = ''
  #synced = ''
  readonly #author: string
  constructor(author: string) {
    this.#author = author
  }

  async meet(session: TestSession, path: string): Promise<void> {
    const opened = await session.documents.open(path)
    if (opened.kind !== 'text') throw new Error(opened.kind)
    const document = await session.documents.enter(opened.doc, opened.epoch)
    if (this.epoch !== '' && this.epoch !== opened.epoch) {
      const mine = bothOf(this.#synced, textOf(this.doc), document.text)
      this.doc = new Y.Doc()
      Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(document.live))
      apply(this.doc, mine)
    }
    this.epoch = opened.epoch
    document.receive(Y.encodeStateAsUpdate(this.doc, Y.encodeStateVector(document.live)), this.#author)
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(document.live))
    this.#synced = textOf(this.doc)
  }

  type(line: string): void {
    this.doc.getText('content').insert(0, `${line}\n`)
  }
}

type World = { session: TestSession; clock: Minute; path: string; expected: string[]; count: number }

const restart = async (world: World, generation: number): Promise<void> => {
  world.clock = new Minute()
  const { folders } = world.session
  world.session = await startSession({ folders, clock: world.clock, generation })
}

const events: Record<string, (world: World) => Promise<void>> = {
  unload: async ({ session, clock, path }) => {
    const opened = await session.documents.open(path)
    if (opened.kind !== 'text') throw new Error(opened.kind)
    session.documents.leave(opened.doc)
    await eventually(() => {
      clock.pass()
      return session.documents.loaded(opened.doc) === undefined
    })
  },
  restart: async (world) => {
    await world.session.stop()
    await restart(world, (world.count += 1))
  },
  crash: async (world) => {
    world.session.log.flush()
    world.session.crash()
    await restart(world, (world.count += 1))
  },
  'file changed': async (world) => {
    const { session, path } = world
    await session.documents.materialise('test')
    const line = `tool ${(world.count += 1)}`
    world.expected.push(line)
    await session.put(path, `${await session.text(path)}${line}\n`)
    if (world.count % 2 === 0) await session.documents.changed(new Set([path]))
  },
  rename: async (world) => {
    const to = `moved${(world.count += 1)}.txt`
    const { workspace } = world.session.folders
    await rename(join(workspace, world.path), join(workspace, to))
    await world.session.documents.moved(world.path, to)
    world.path = to
  },
  epoch: async (world) => {
    await world.session.stop()
    for (const lost of ['docs', 'log']) rmSync(join(world.session.folders.state, lost), { recursive: true })
    await restart(world, (world.count += 1))
  },
  nothing: () => Promise.resolve(),
}

for (const first of Object.keys(events))
  test(`C-2 C-11 W-9 re-seed matrix: ${first}, then each other, with a tab that was offline: nothing doubled or lost`, async () => {
    for (const second of Object.keys(events)) {
      const clock = new Minute()
      const session = await startSession({ folders: await newFolders(), clock })
      await session.put('a.txt', 'one\ntwo\nthree\n')
      const world: World = { session, clock, path: 'a.txt', expected: ['one', 'two', 'three'], count: 1 }
      const [online, offline] = [new Tab(ada), new Tab(grace)]
      const say = (tab: Tab, line: string): void => {
        tab.type(line)
        world.expected.push(line)
      }
      for (const tab of [online, offline]) await tab.meet(world.session, world.path)
      say(offline, 'offline 1')
      for (const [at, event] of [first, second].entries()) {
        say(online, `online ${at}`)
        await online.meet(world.session, world.path)
        await events[event]?.(world)
        say(offline, `offline again ${at}`)
      }
      for (let turn = 0; turn < 2; turn += 1)
        for (const tab of [offline, online]) await tab.meet(world.session, world.path)
      await world.session.documents.materialise('test')

      const file = await world.session.text(world.path)
      const found = file.split('\n').filter((line) => line !== '')
      const about = `${first}, ${second}`
      expect({ about, lines: found.toSorted() }).toEqual({ about, lines: world.expected.toSorted() })
      expect([textOf(online.doc), textOf(offline.doc)]).toEqual([file, file])
      await world.session.stop()
    }
  })
