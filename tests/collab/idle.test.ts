// Stock clients that say nothing for 100 s: they are not given up on, and do not give up on us.
import { expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2'
import * as Y from 'yjs'
import { bearerPrefix } from '../../protocol/access.ts'
import { eventually } from '../support/eventually.ts'
import { grace } from '../support/keys.ts'
import { relaySetting, stockClient } from './setting.ts'

/** More than three of the 30 s after which a stock client that hears nothing reconnects. */
const idleMs = 100_000

test('C-7 stock clients of version 3 and 2 stay connected through 100 s of silence', async () => {
  const setting = await relaySetting('hello')
  const young = await stockClient(setting)
  const doc = new Y.Doc()
  const token = await setting.keys.token({ repl: setting.repl, who: grace })
  const room = `${setting.repl}/${setting.room.doc}/${setting.room.epoch}`
  const old = new WebsocketProvider2(`${setting.url}/collab`, room, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    protocols: [bearerPrefix + token],
    disableBc: true,
  })
  onTestFinished(() => old.destroy())
  await eventually(() => young.provider.synced && old.synced)
  const breaks: string[] = []
  young.provider.on('connection-close', () => breaks.push('version 3'))
  old.on('connection-close', () => breaks.push('version 2'))
  for (const client of [young.provider, old]) client.awareness.setLocalState(null)

  await new Promise((resolve) => setTimeout(resolve, idleMs))

  expect(breaks).toEqual([])
  young.text.insert(0, 'still ')
  await eventually(() => doc.getText('content').toString() === 'still hello')
}, 130_000)
