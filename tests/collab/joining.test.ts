// What a peer gets first when it joins a room that is busy, or whose runner is away: everything that was there when it came.
import * as decoding from 'lib0/decoding'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { step1Frame } from '../../collab-server/wire.ts'
import { collabMessage, syncKind } from '../../protocol/document.ts'
import { eventually } from '../support/eventually.ts'
import { grace } from '../support/keys.ts'
import { rawSocket, relaySetting, stockClient, type Setting } from './setting.ts'

type Raw = Awaited<ReturnType<typeof rawSocket>>

/** A joiner whose question the relay has read: the answer to what it asked after it is there. */
async function joiner(setting: Setting): Promise<Raw> {
  const raw = await rawSocket(setting)
  await eventually(() => raw.socket.readyState === raw.socket.OPEN)
  raw.socket.send(step1Frame(Uint8Array.of(0)))
  raw.socket.send(Uint8Array.of(collabMessage.queryPresence))
  await eventually(() => raw.got.filter(([type]) => type === collabMessage.presence).length >= 2)
  return raw
}

/** The text in its first sync step 2, without anything that comes after it. */
async function firstSync(raw: Raw): Promise<string> {
  const frame = await eventually(() => raw.got.find(([type, kind]) => type === 0 && kind === syncKind.step2))
  raw.socket.close()
  const doc = new Y.Doc()
  Y.applyUpdate(doc, decoding.readVarUint8Array(decoding.createDecoder(frame.subarray(2))))
  return doc.getText('content').toString()
}

test('C-10 who joins a busy room gets in the first frame what was typed before, not an older state', async () => {
  const setting = await relaySetting('start')
  const author = await stockClient(setting)
  await eventually(() => author.provider.synced)

  for (let typed = 1; typed <= 5; typed += 1) {
    author.text.insert(author.text.length, ` ${typed}`)
    await eventually(() => setting.runner.updates.length === typed)
    expect(await firstSync(await joiner(setting))).toBe(author.text.toString())
  }
})

test('C-10 a question that was on its way before somebody came is not answer enough', async () => {
  const setting = await relaySetting('start')
  const author = await stockClient(setting)
  await eventually(() => author.provider.synced)
  setting.runner.holdsStates = true
  author.text.insert(5, ' one')
  await eventually(() => setting.runner.updates.length === 1)
  const early = await joiner(setting)
  await eventually(() => setting.runner.heldStates === 1)
  author.text.insert(9, ' two')
  await eventually(() => setting.runner.updates.length === 2)
  const late = await joiner(setting)

  setting.runner.releaseStates()

  expect(await firstSync(early)).toContain('start one')
  expect(await firstSync(late)).toBe('start one two')
})

test('C-10 C-5 while the runner is away a joiner gets its last state and what was typed since as one', async () => {
  const setting = await relaySetting('start')
  setting.runner.acknowledges = false
  const author = await stockClient(setting)
  await eventually(() => author.provider.synced)
  author.text.insert(5, ' one')
  await eventually(() => setting.runner.updates.length === 1)
  setting.runner.kill()
  const witness = await rawSocket(setting, { ours: true })
  await eventually(() => witness.got.some((frame) => new TextDecoder().decode(frame).includes('waiting')))

  author.text.insert(9, ' two')
  const second = await stockClient(setting, { who: grace })
  await eventually(() => second.text.toString() === 'start one two')
  author.text.insert(0, '> ')
  await eventually(() => second.text.toString() === '> start one two')

  expect(await firstSync(await joiner(setting))).toBe('> start one two')
})
