// A document in the page against the real relay: what waits is counted, and what is saved is said only then.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { openDocument, type OpenDocument } from '../../app/ide/editor/document.ts'
import { createDocuments } from '../../app/ide/editor/documents.ts'
import { keepDoors } from '../../app/ide/link/doors.ts'
import { until } from '../../app/ide/store.ts'
import { AppError } from '../../protocol/errors.ts'
import { eventually } from '../support/eventually.ts'
import { startFakeSession, type FakeSession } from '../support/fake-runner.ts'
import { anEpoch } from '../support/keys.ts'

globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket

async function setting(text: string) {
  const session = await startFakeSession()
  const room = session.tree.addDocument('main.py', text)
  const doors = keepDoors(() => session.doors())
  await doors.renew()
  onTestFinished(async () => {
    doors.dispose()
    await session.close()
  })
  return { session, room, doors }
}

async function joined(
  text: string,
): Promise<{ session: FakeSession; document: OpenDocument; id: string; epoch: string }> {
  const { session, room, doors } = await setting(text)
  const document = openDocument({
    doors,
    repl: session.repl,
    doc: room.doc,
    epoch: room.epoch,
    path: () => 'main.py',
    keep: null,
    refused: () => {},
  })
  onTestFinished(document.dispose)
  await until(document.facts, (facts) => facts.hasText)
  return { session, document, id: room.doc, epoch: room.epoch }
}

test('C-6 an edit waits in the page until it is logged, and is not called saved before the disk has it', async () => {
  const { session, document, id, epoch } = await joined('hello')
  session.runner.acknowledges = false
  document.text.insert(5, '!')
  expect(document.facts.get().waiting).toEqual({ unsaved: 1, unlogged: 1 })
  const seen = await eventually(() => session.runner.updates.at(-1))
  session.runner.acknowledge({ doc: id, epoch }, seen.n, ['logged'])
  await until(document.facts, ({ waiting }) => waiting.unlogged === 0)
  expect(document.facts.get().waiting.unsaved).toBe(1)
  session.runner.acknowledge({ doc: id, epoch }, seen.n, ['saved'])
  await until(document.facts, ({ waiting }) => waiting.unsaved === 0)
  expect(session.runner.textOf(id)).toBe('hello!')
})

test('C-6 edits made while the room is away are counted, arrive once, and are then saved', async () => {
  const { session, document, id } = await joined('one ')
  document.room.provider.ws?.close()
  await until(document.facts, (facts) => facts.awaySince !== null)
  for (const word of ['two ', 'three ']) document.text.insert(document.text.length, word)
  expect(document.facts.get().waiting).toEqual({ unsaved: 2, unlogged: 2 })
  await until(document.facts, ({ waiting, awaySince }) => awaySince === null && waiting.unsaved === 0)
  expect(session.runner.textOf(id)).toBe('one two three ')
})

test('others see no edit of ours as theirs: a remote edit waits for nothing', async () => {
  const { session, document } = await joined('shared')
  const doors = keepDoors(() =>
    session.doors({ who: { id: 'gracegracegracea', name: 'Grace' }, role: 'editor' }),
  )
  await doors.renew()
  const grace = openDocument({
    doors,
    repl: session.repl,
    doc: document.id,
    epoch: document.epoch,
    path: () => 'main.py',
    keep: null,
    refused: () => {},
  })
  onTestFinished(() => {
    grace.dispose()
    doors.dispose()
  })
  await until(grace.facts, (facts) => facts.hasText)
  grace.text.insert(0, 'we ')
  await eventually(() => document.text.toString() === 'we shared')
  expect(document.facts.get().waiting).toEqual({ unsaved: 0, unlogged: 0 })
})

test('while a composition is held, edits of others wait outside the text, and then come in their order', async () => {
  const { session, document } = await joined('abc')
  const visit = { who: { id: 'gracegracegracea', name: 'Grace' }, role: 'editor' as const }
  const doors = keepDoors(() => session.doors(visit))
  await doors.renew()
  const grace = openDocument({
    doors,
    repl: session.repl,
    doc: document.id,
    epoch: document.epoch,
    path: () => 'main.py',
    keep: null,
    refused: () => {},
  })
  onTestFinished(() => {
    grace.dispose()
    doors.dispose()
  })
  await until(grace.facts, (facts) => facts.hasText)
  document.room.hold(true)
  grace.text.insert(0, '1')
  grace.text.insert(0, '2')
  await until(grace.facts, ({ waiting }) => waiting.unsaved === 0)
  document.text.insert(3, 'か')
  await eventually(() => grace.text.toString() === '21abcか')
  expect(document.text.toString()).toBe('abcか')
  document.room.hold(false)
  expect(document.text.toString()).toBe('21abcか')
})

test('a document with waiting edits outlives its tab until they are saved', async () => {
  const { session, room, doors } = await setting('x')
  const documents = createDocuments({
    doors,
    repl: session.repl,
    say: () => {},
    reopen: async () => null,
    keep: null,
  })
  onTestFinished(documents.dispose)
  const document = documents.open({ kind: 'text', path: 'main.py', ...room, eol: 'lf' })
  await until(document.facts, (facts) => facts.hasText)
  session.runner.acknowledges = false
  document.text.insert(1, 'y')
  documents.close(room.doc)
  expect(documents.get(room.doc)).toBe(document)
  expect(documents.summary.get().dirty.has(room.doc)).toBe(true)
  const seen = await eventually(() => session.runner.updates.at(-1))
  session.runner.acknowledge(room, seen.n)
  await until(documents.summary, (summary) => summary.unsaved === 0)
  expect(documents.get(room.doc)).toBeNull()
})

test('a text that does not come is told of after a moment, and no more once it is there: nobody is told that they are in step with it', async () => {
  const { session, room } = await setting('first')
  // Takes sockets and says nothing, as a relay that hangs.
  const silent = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  let collab: string | null = `ws://127.0.0.1:${port}/collab`
  const doors = keepDoors(async () => {
    const real = await session.doors()
    return { ...real, collab: collab ?? real.collab }
  })
  await doors.renew()
  const documents = createDocuments({
    doors,
    repl: session.repl,
    say: () => {},
    reopen: async () => null,
    keep: null,
  })
  onTestFinished(() => {
    documents.dispose()
    doors.dispose()
    silent.close()
  })
  const document = documents.open({ kind: 'text', path: 'main.py', ...room, eol: 'lf' })
  expect(documents.summary.get().isLate).toBe(false)

  await until(documents.summary, ({ isLate }) => isLate)

  expect(document.facts.get()).toMatchObject({ hasText: false, awaySince: null })
  collab = null
  await doors.renew()
  documents.retry()
  await until(documents.summary, ({ isLate }) => !isLate)
  expect(document.text.toString()).toBe('first')
})

test('C-2 a file with a new history is joined anew as soon as the runner can be asked, and what had not arrived is brought over once', async () => {
  const { session, room, doors } = await setting('first\nlast\n')
  const fresh = { doc: room.doc, epoch: anEpoch() }
  const said: string[] = []
  let asked = 0
  const documents = createDocuments({
    doors,
    repl: session.repl,
    say: (words) => said.push(words),
    reopen: async () => {
      asked += 1
      if (asked === 1) throw new AppError('unavailable', { say: 'You are offline.' })
      return { kind: 'text', path: 'main.py', ...fresh, eol: 'lf' }
    },
    keep: null,
  })
  onTestFinished(documents.dispose)
  const old = documents.open({ kind: 'text', path: 'main.py', ...room, eol: 'lf' })
  await until(old.facts, (facts) => facts.hasText)
  // The session ends and the file's history begins anew while the page is away with an edit.
  session.runner.kill()
  old.room.provider.disconnect()
  old.text.insert(6, 'mine\n')
  session.runner.seed(room.doc, fresh.epoch, 'zeroth\nfirst\nlast\n')
  await session.runner.connect(doors.latest.get()?.collab.replace('/collab', '') ?? '', session.session)
  old.room.provider.connect()
  const now = await eventually(() => {
    const document = documents.get(room.doc)
    return document !== null && document !== old && document.facts.get().hasText ? document : null
  })
  await eventually(() => said.length > 0)
  expect(now.text.toString()).toBe('zeroth\nfirst\nmine\nlast\n')
  expect(asked).toBe(2)
})

test('C-8 a refused edit is taken back alone, not the undo step it was typed in', async () => {
  const { session, room } = await setting('kept ')
  const doors = keepDoors(() =>
    session.doors({ who: { id: 'gracegracegracea', name: 'Grace' }, role: 'viewer' }),
  )
  await doors.renew()
  onTestFinished(doors.dispose)
  const said: string[] = []
  const document = openDocument({
    doors,
    repl: session.repl,
    doc: room.doc,
    epoch: room.epoch,
    path: () => 'main.py',
    keep: null,
    refused: (words) => said.push(words),
  })
  onTestFinished(document.dispose)
  const typing = {}
  onTestFinished(document.ownOrigin(typing))
  await until(document.facts, (facts) => facts.hasText)
  const type = (at: number, text: string): void =>
    document.doc.transact(() => document.text.insert(at, text), typing)
  for (const letter of 'abc') type(document.text.length, letter)
  document.doc.transact(() => document.text.delete(0, 2), typing)
  expect(document.text.toString()).toBe('pt abc')
  await eventually(() => said.length === 4)
  expect(document.text.toString()).toBe('kept ')
  await until(document.facts, ({ waiting }) => waiting.unsaved === 0)
  expect(session.runner.textOf(room.doc)).toBe('kept ')
})
