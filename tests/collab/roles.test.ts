// Roles at the relay: what a viewer's raw socket can do, and what happens to who is connected when a role changes.
import * as decoding from 'lib0/decoding'
import { expect, onTestFinished, test } from 'vitest'
import * as Y from 'yjs'
import { startCollabServer } from '../../collab-server/start.ts'
import { step2Frame, updateFrame } from '../../collab-server/wire.ts'
import type { AccessChange, Role } from '../../protocol/access.ts'
import { eventually } from '../support/eventually.ts'
import { ada, aReplId, grace } from '../support/keys.ts'
import { origin, rawSocket, relaySetting, stockClient, type Setting } from './setting.ts'

const anUpdate = (text: string): Uint8Array => {
  const doc = new Y.Doc()
  doc.getText('content').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

/** The kinds of notices a peer of ours has got. */
const notices = (got: Uint8Array[]): string[] =>
  got.flatMap((frame) => {
    const decoder = decoding.createDecoder(frame)
    if (decoding.readVarUint(decoder) !== 101) return []
    return [(JSON.parse(decoding.readVarString(decoder)) as { kind: string }).kind]
  })
const isStep1 = (frame: Uint8Array): boolean => frame[0] === 0 && frame[1] === 0

let version = 0
function change(setting: Setting, role: Role | null, person = grace): AccessChange {
  version += 1
  const say = role === null ? 'Ada removed you from two-sum.' : `Ada made you ${role}.`
  const made = { repl: setting.repl, person: person.id, ver: version, role, say }
  setting.keys.change(made)
  return made
}

async function comes(setting: Setting, ask: Parameters<Setting['keys']['token']>[0], ours = true) {
  const token = await setting.keys.token(ask)
  return rawSocket(setting, { token, ours })
}

/** How the relay ends a connection with this token, or `in`. */
async function answerTo(setting: Setting, ask: Parameters<Setting['keys']['token']>[0]): Promise<string> {
  const raw = await comes(setting, ask)
  await eventually(() => raw.closed !== null || raw.got.length > 0)
  return raw.closed === null ? 'in' : `${raw.closed.code} ${raw.closed.reason}`
}

test('C-8 A-8 a viewer’s raw socket gets nothing in, by update or by step 2, as ours or as a stock client', async () => {
  const setting = await relaySetting('hello')
  const reader = await stockClient(setting, { who: ada })
  await eventually(() => reader.text.toString() === 'hello')
  for (const ours of [true, false]) {
    for (const frame of [updateFrame(anUpdate('graffiti')), step2Frame(anUpdate('graffiti'))]) {
      const raw = await comes(setting, { repl: setting.repl, who: grace, role: 'viewer' }, ours)
      await eventually(() => raw.socket.readyState === raw.socket.OPEN)
      raw.socket.send(frame)
      if (ours)
        await eventually(() => notices(raw.got).some((kind) => kind === 'refused' || kind === 'read-only'))
      else expect((await eventually(() => raw.closed)).code).toBe(4403)
      raw.socket.terminate()
    }
  }
  reader.text.insert(5, '!')
  await eventually(() => setting.runner.textOf(setting.room.doc) === 'hello!')
  expect(setting.runner.updates.map(({ author }) => author)).toEqual([ada.id])
  expect(reader.text.toString()).toBe('hello!')
})

test('A-9 who is removed is let go at once with 4403 and by whom; nothing they send on counts; nobody else notices', async () => {
  const setting = await relaySetting('hello')
  const reader = await stockClient(setting, { who: ada })
  const stock = await comes(setting, { repl: setting.repl, who: grace }, false)
  const ours = await comes(setting, { repl: setting.repl, who: grace })
  await eventually(() => stock.got.length > 0 && ours.got.length > 0 && reader.provider.synced)
  // One that reads no more does not answer the goodbye, and goes on sending.
  ours.socket.pause()

  const asked = Date.now()
  change(setting, null)
  await eventually(() => stock.closed)
  expect(Date.now() - asked).toBeLessThan(3_000)
  ours.socket.send(updateFrame(anUpdate('graffiti')))
  ours.socket.resume()
  await eventually(() => ours.closed)
  expect(Date.now() - asked).toBeLessThan(6_000)

  expect(stock.closed).toEqual({ code: 4403, reason: 'Ada removed you from two-sum.' })
  reader.text.insert(5, '!')
  await eventually(() => setting.runner.textOf(setting.room.doc) === 'hello!')
  expect(setting.runner.updates.every(({ author }) => author === ada.id)).toBe(true)
})

test('A-9 C-8 made a viewer, a page is told at once and its edits wait in it; made an editor again, it is asked for them', async () => {
  const setting = await relaySetting('hello')
  const raw = await comes(setting, { repl: setting.repl, who: grace })
  await eventually(() => raw.got.length > 0)
  const mine = anUpdate('mine')

  change(setting, 'viewer')
  await eventually(() => notices(raw.got).at(-1) === 'read-only')
  raw.socket.send(updateFrame(mine))
  await eventually(() => notices(raw.got).filter((kind) => kind === 'read-only').length === 2)
  expect(notices(raw.got)).not.toContain('refused')
  expect(setting.runner.updates).toEqual([])
  const asks = raw.got.filter(isStep1).length

  change(setting, 'editor')
  await eventually(() => raw.got.filter(isStep1).length === asks + 1)
  expect(notices(raw.got).at(-1)).toBe('live')
  raw.socket.send(step2Frame(mine))
  await eventually(() => setting.runner.textOf(setting.room.doc).includes('mine'))
  expect(raw.closed).toBeNull()
})

test('A-10 A-2 tokens of another repl, of yesterday, of an earlier session, of before a change and of a removed member are refused, also by a relay that was restarted', async () => {
  const setting = await relaySetting('hello', { attach: false })
  await setting.runner.connect(setting.url, await setting.keys.session(setting.repl, 2))
  const good = { repl: setting.repl, generation: 2 }
  expect(await answerTo(setting, { ...good, who: grace })).toBe('in')
  const removed = change(setting, null)
  const demoted = change(setting, 'viewer', ada)

  const again = await startCollabServer({
    build: 'test',
    port: 0,
    keysUrl: setting.keys.url,
    access: setting.keys.access,
    origins: new Set([origin]),
    logLevel: 'silent',
  })
  onTestFinished(() => again.close())
  for (const url of [setting.url, `ws://127.0.0.1:${again.port}`]) {
    const at = { ...setting, url }
    expect(await answerTo(at, { ...good, repl: aReplId() })).toMatch(/^4401/)
    expect(await answerTo(at, { ...good, expiresIn: -24 * 3600 })).toMatch(/^4401/)
    expect(await answerTo(at, { ...good, who: grace })).toBe('4403 Ada removed you from two-sum.')
    expect(await answerTo(at, { ...good, who: ada })).toMatch(/^4401 Your role has changed/)
    expect(await answerTo(at, { ...good, who: ada, role: 'viewer', ver: demoted.ver })).toBe('in')
    // Invited again, later.
    expect(await answerTo(at, { ...good, who: grace, ver: removed.ver })).toBe('in')
  }
  expect(await answerTo(setting, { repl: setting.repl, generation: 1, who: grace, ver: 999 })).toMatch(
    /^4401/,
  )
})

test('A-10 a relay that has not heard whose role changed lets nobody in, for now', async () => {
  const setting = await relaySetting('hello', { attach: false })
  const deaf = await startCollabServer({
    build: 'test',
    port: 0,
    keysUrl: setting.keys.url,
    access: { ...setting.keys.access, secret: 'wrong' },
    origins: new Set([origin]),
    logLevel: 'silent',
  })
  onTestFinished(() => deaf.close())
  expect(await answerTo({ ...setting, url: `ws://127.0.0.1:${deaf.port}` }, { repl: setting.repl })).toMatch(
    /^1012/,
  )
})

test('A-9 a change that was made while the relay could not hear holds as soon as it hears again', async () => {
  const setting = await relaySetting('hello')
  const raw = await comes(setting, { repl: setting.repl, who: grace })
  await eventually(() => raw.got.length > 0 && setting.keys.listening === 1)
  setting.keys.dropListeners()
  await eventually(() => setting.keys.listening === 0)
  change(setting, null)

  expect((await eventually(() => raw.closed)).code).toBe(4403)
})

test('A-9 A-10 without the message an old token would still do: it is what ends it', async () => {
  const setting = await relaySetting('hello')
  const other = aReplId()
  setting.keys.change({ repl: other, person: grace.id, ver: 1, role: null, say: 'Elsewhere.' })
  const raw = await comes(setting, { repl: setting.repl, who: grace })
  await eventually(() => raw.got.length > 0)
  raw.socket.send(updateFrame(anUpdate('mine')))
  await eventually(() => setting.runner.textOf(setting.room.doc).includes('mine'))
  expect(raw.closed).toBeNull()
})
