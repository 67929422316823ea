// A relay with keys and a runner for each test, and stock clients of two generations to meet in it.
import { onTestFinished } from 'vitest'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { startCollabServer } from '../../collab-server/start.ts'
import { bearerPrefix } from '../../protocol/access.ts'
import { collabSubprotocol } from '../../protocol/document.ts'
import { Keys, aDocId, aReplId, anEpoch } from '../support/keys.ts'
import type { SessionKey, TokenAsk } from '../support/keys.ts'
import { LinkRunner } from '../support/link-runner.ts'

export const origin = 'http://localhost:7070'

export type Setting = Awaited<ReturnType<typeof relaySetting>>

/** A relay, a repl with one document of `text`, and its runner attached. */
export async function relaySetting(text = 'hello', options: { attach?: boolean } = {}) {
  const keys = await new Keys().start()
  const relay = await startCollabServer({
    build: 'test',
    port: 0,
    keysUrl: keys.url,
    access: keys.access,
    origins: new Set([origin]),
    logLevel: 'silent',
  })
  onTestFinished(async () => {
    await relay.close()
    await keys.stop()
  })
  const repl = aReplId()
  const room = { repl, doc: aDocId(), epoch: anEpoch() }
  const session: SessionKey = await keys.session(repl, 1)
  const runner = new LinkRunner()
  runner.seed(room.doc, room.epoch, text)
  const url = `ws://127.0.0.1:${relay.port}`
  if (options.attach !== false) await runner.connect(url, session)
  return { keys, relay, url, repl, room, session, runner }
}

export type Client = { doc: Y.Doc; text: Y.Text; provider: WebsocketProvider }

/** A stock y-websocket 3 client in the setting's room. */
export async function stockClient(
  setting: Setting,
  ask: Partial<TokenAsk> & { ours?: boolean; epoch?: string; token?: string } = {},
): Promise<Client> {
  const token = ask.token ?? (await setting.keys.token({ repl: setting.repl, ...ask }))
  const doc = new Y.Doc()
  const protocols = [...(ask.ours ? [collabSubprotocol] : []), bearerPrefix + token]
  const room = `${setting.repl}/${setting.room.doc}/${ask.epoch ?? setting.room.epoch}`
  const provider = new WebsocketProvider(`${setting.url}/collab`, room, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    protocols,
    disableBc: true,
  })
  onTestFinished(() => provider.destroy())
  return { doc, text: doc.getText('content'), provider }
}

/** A bare socket to a path of the relay, for frames nobody's client would send. */
export async function rawSocket(
  setting: Setting,
  options: { path?: string; token?: string; origin?: string; ours?: boolean } = {},
) {
  const path = options.path ?? `/collab/${setting.repl}/${setting.room.doc}/${setting.room.epoch}`
  const token = options.token ?? (await setting.keys.token({ repl: setting.repl }))
  const protocols = [...(options.ours ? [collabSubprotocol] : []), bearerPrefix + token]
  const socket = new WebSocket(
    setting.url + path,
    protocols,
    options.origin === undefined ? {} : { origin: options.origin },
  )
  const got: Uint8Array[] = []
  const raw = {
    socket,
    got,
    closed: null as { code: number; reason: string } | null,
    status: null as number | null,
  }
  socket.on('message', (data: Buffer) => got.push(new Uint8Array(data)))
  socket.on('close', (code, reason) => {
    raw.closed = { code, reason: reason.toString() }
  })
  socket.on('unexpected-response', (_request, response) => {
    raw.status = response.statusCode ?? 0
    socket.terminate()
  })
  socket.on('error', () => undefined)
  onTestFinished(() => socket.terminate())
  return raw
}
