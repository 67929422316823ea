// A role that changes under an open page: what it says, what it may do, and where edits are that were not sent.
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createDocuments } from '../../app/ide/editor/documents.ts'
import { connectionWord } from '../../app/ide/link/words.ts'
import { openLink } from '../../app/ide/link/link.ts'
import { sayRoles } from '../../app/ide/people/say-roles.ts'
import { until } from '../../app/ide/store.ts'
import type { Role } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { eventually } from '../support/eventually.ts'
import { startFakeSession } from '../support/fake-runner.ts'
import { grace } from '../support/keys.ts'

globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket

/** Grace's page, and the orchestrator's hand: what her doors say, and what runner and relay tell. */
async function herPage() {
  const session = await startFakeSession()
  const room = session.tree.addDocument('main.py', 'hello')
  const access = { role: 'editor' as Role | null, ver: 0, asked: 0 }
  const link = openLink({
    ask: async () => {
      access.asked += 1
      if (access.role === null) throw new AppError('forbidden', { say: 'Ada removed you from two-sum.' })
      return session.doors({ who: grace, role: access.role, ver: access.ver })
    },
  })
  const { doors } = link
  const documents = createDocuments({
    doors,
    repl: session.repl,
    say: () => undefined,
    reopen: async () => null,
    keep: null,
  })
  const said: string[] = []
  const stop = sayRoles(link, { role: 'editor', say: (words) => said.push(words) })
  onTestFinished(async () => {
    stop()
    documents.dispose()
    link.dispose()
    await session.close()
  })
  await until(link.phase, ({ phase }) => phase === 'live')
  const document = documents.open({ kind: 'text', path: 'main.py', ...room, eol: 'lf' })
  await until(document.facts, ({ hasText }) => hasText)
  const change = (role: Role | null, say: string): void => {
    access.role = role
    access.ver += 1
    session.keys.change({ repl: session.repl, person: grace.id, ver: access.ver, role, say })
    for (const name of ['/tree', '/terminal']) {
      session.io.of(name).emit('access', { role, say })
      if (role === null) session.io.of(name).disconnectSockets()
    }
  }
  return { session, room, link, documents, document, said, access, change }
}

test('A-9 C-8 what an editor had typed when they were made a viewer stays in the page, is counted, and arrives once when they may edit again', async () => {
  const { session, room, link, documents, document, said, change } = await herPage()
  change('viewer', 'Ada made you a viewer of two-sum.')
  await until(document.facts, ({ readOnly }) => readOnly !== null)
  // As what was typed just before the page heard of it and is still on its way.
  document.text.insert(5, ' from grace')
  await eventually(() => link.doors.latest.get()?.role === 'viewer' && said.length === 1)
  expect(said).toEqual(['Ada made you a viewer of two-sum.'])
  expect(document.text.toString()).toBe('hello from grace')
  expect(documents.summary.get().unsaved).toBe(1)
  expect(session.runner.textOf(room.doc)).toBe('hello')

  // Also across a connection that is lost meanwhile.
  document.room.retry()
  await until(document.facts, ({ awaySince }) => awaySince === null)
  await eventually(() => document.room.provider.synced && documents.summary.get().unsaved === 1)
  expect(document.text.toString()).toBe('hello from grace')

  change('editor', 'Ada made you an editor of two-sum.')
  await eventually(() => session.runner.textOf(room.doc) === 'hello from grace')
  await until(document.facts, ({ waiting, readOnly }) => waiting.unsaved === 0 && readOnly === null)
  await eventually(() => said.length === 2)
  expect(said).toEqual(['Ada made you a viewer of two-sum.', 'Ada made you an editor of two-sum.'])
  expect(document.facts.get().closed).toBeNull()
})

test('A-9 a page whose person was removed says by whom, keeps what was typed, and asks for nothing more', async () => {
  const { link, document, access, change } = await herPage()
  change(null, 'Ada removed you from two-sum.')
  document.text.insert(0, 'mine ')
  const phase = await until(link.phase, (now) => now.phase === 'refused')
  expect(phase).toEqual({ phase: 'refused', say: 'Ada removed you from two-sum.', isOut: true })
  await until(document.facts, ({ closed }) => closed?.code === 4403)
  expect(document.facts.get().closed?.say).toBe('Ada removed you from two-sum.')
  expect(document.text.toString()).toBe('mine hello')
  expect(document.room.provider.shouldConnect).toBe(false)
  expect(link.live.get()).toBeNull()
  const { asked } = access
  link.hurry()
  await eventually(() => access.asked === asked + 1)
  await until(link.phase, (now) => now.phase === 'refused')
})

test('a page that was away when its role changed says so when it is back; one that was removed meanwhile is told why', async () => {
  const { session, link, said, access } = await herPage()
  access.role = 'viewer'
  access.ver += 1
  await link.doors.renew()
  expect(said).toEqual(['You are a viewer here now: you read and watch.'])
  access.role = null
  session.io.of('/tree').disconnectSockets()
  const phase = await until(link.phase, (now) => now.phase === 'refused')
  expect(phase).toMatchObject({ say: 'Ada removed you from two-sum.', isOut: true })
})

test('edits of a viewer are said to wait, never to be on their way', () => {
  const facts = {
    link: { phase: 'live' },
    roomsAwaySince: null,
    isLate: false,
    session: 'here',
    waiting: 2,
    isKept: true,
    isViewer: true,
    readOnly: null,
  } as const
  expect(connectionWord(facts)).toEqual({ word: 'read-only', say: 'Read only (viewer) — 2 edits wait' })
  expect(connectionWord({ ...facts, isViewer: false }).word).toBe('sending')
})
