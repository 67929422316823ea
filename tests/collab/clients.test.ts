// Clients that are old, slow, many or hostile: the room stays right for everybody else.
import { expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2'
import * as Y from 'yjs'
import { bearerPrefix } from '../../protocol/access.ts'
import { limits } from '../../protocol/limits.ts'
import { eventually } from '../support/eventually.ts'
import { ada, grace } from '../support/keys.ts'
import { rawSocket, relaySetting, stockClient } from './setting.ts'
import { step1Frame, updateFrame } from '../../collab-server/wire.ts'

test('C-7 a stock y-websocket 2 client meets one of version 3', async () => {
  const setting = await relaySetting('hello')
  const doc = new Y.Doc()
  const token = await setting.keys.token({ repl: setting.repl, who: grace })
  const room = `${setting.repl}/${setting.room.doc}/${setting.room.epoch}`
  const old = new WebsocketProvider2(`${setting.url}/collab`, room, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    protocols: [bearerPrefix + token],
    disableBc: true,
  })
  onTestFinished(() => old.destroy())
  const young = await stockClient(setting, { who: ada })
  await eventually(() => [doc.getText('content'), young.text].every((text) => text.toString() === 'hello'))

  doc.getText('content').insert(0, 'old ')
  young.text.insert(young.text.length, ' young')

  await eventually(
    () => young.text.toString().startsWith('old ') && doc.getText('content').toString().endsWith(' young'),
  )
})

test('C-12 a peer that stops reading costs bounded memory, stalls nobody, and is right again when it reads', async () => {
  const setting = await relaySetting('')
  const frozen = await rawSocket(setting, {
    token: await setting.keys.token({ repl: setting.repl, who: grace }),
  })
  await eventually(() => frozen.socket.readyState === 1)
  frozen.socket.send(step1Frame(Uint8Array.of(0)))
  await eventually(() => frozen.got.some((frame) => frame[0] === 0))
  const writer = await stockClient(setting)
  await eventually(() => writer.provider.synced)
  frozen.socket.pause()
  frozen.got.length = 0

  let sent = 0
  for (let i = 0; i < 120; i++) {
    const block = `${i}:`.padEnd(200_000, 'x')
    sent += block.length
    writer.doc.transact(() => {
      writer.text.delete(0, writer.text.length)
      writer.text.insert(0, block)
    })
    await eventually(() => setting.runner.textOf(setting.room.doc).startsWith(`${i}:`))
  }
  frozen.socket.resume()

  const mine = new Y.Doc()
  let received = 0
  await eventually(() => {
    for (const frame of frozen.got.splice(0)) {
      received += frame.length
      if (frame[0] === 0 && frame[1] !== 0) applyFrame(mine, frame)
    }
    return mine.getText('content').toString() === writer.text.toString()
  }, 20_000)
  expect(sent).toBeGreaterThan(20 * limits.laggingBytes)
  expect(received).toBeLessThan(0.75 * sent)
}, 60_000)

test('C-3 an edit above the limit is refused as a whole with 4413', async () => {
  const setting = await relaySetting('')
  const raw = await rawSocket(setting)
  await eventually(() => raw.socket.readyState === 1)
  const doc = new Y.Doc()
  doc.getText('content').insert(0, 'x'.repeat(limits.collabUpdateBytes + 1))
  raw.socket.send(updateFrame(Y.encodeStateAsUpdate(doc)))
  await eventually(() => raw.closed)
  expect(raw.closed?.code).toBe(4413)
  expect(setting.runner.updates).toEqual([])
})

test('C-3 seeded garbage of every message type harms nobody', async () => {
  const setting = await relaySetting('calm')
  const witness = await stockClient(setting, { who: grace })
  await eventually(() => witness.provider.synced)
  let seed = 20261123
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed % below
  }
  for (let i = 0; i < 60; i++) {
    const raw = await rawSocket(setting, { ours: i % 2 === 0 })
    await eventually(() => raw.socket.readyState === 1)
    for (let k = 0; k < 20 && raw.socket.readyState === 1; k++) {
      const head = [[0, 0], [0, 1], [0, 2], [1], [3], [100], [101], [102], [next(256)]][next(9)] ?? []
      raw.socket.send(Uint8Array.from([...head, ...Array.from({ length: next(40) }, () => next(256))]))
    }
    raw.socket.close()
  }
  witness.text.insert(0, 'still ')
  await eventually(() => setting.runner.textOf(setting.room.doc).startsWith('still '))
  const late = await stockClient(setting, { who: ada })
  await eventually(() => late.text.toString() === witness.text.toString())
})

function applyFrame(doc: Y.Doc, frame: Uint8Array): void {
  let at = 2
  let length = 0
  let shift = 0
  for (;;) {
    const byte = frame[at++] ?? 0
    length |= (byte & 127) << shift
    shift += 7
    if (byte < 128) break
  }
  Y.applyUpdate(doc, frame.subarray(at, at + length))
}
