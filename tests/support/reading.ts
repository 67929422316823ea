// What a document holds for clients that come to it for the first time, and its file: both must come to the same.
import { readFile } from 'node:fs/promises'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { eventually } from './eventually.ts'

/** Milliseconds after which a text that does not become equal is a failure. */
const patienceMs = 60_000

/** `relay`: its port. `room`: its path there. `path`: the file on the disk. */
export type Read = { relay: number; room: string; token: string; path: string }

/** How often each line is there. */
export async function linesOf(read: Read): Promise<Map<string, number>> {
  const clients = await Promise.all([come(read), come(read)])
  const texts = async (): Promise<string[]> => [
    await readFile(read.path, 'utf8'),
    ...clients.map(({ text }) => text.toString()),
  ]
  try {
    await eventually(async () => {
      const all = await texts()
      return all[0] !== '' && new Set(all).size === 1
    }, patienceMs)
    const counts = new Map<string, number>()
    for (const line of clients[0].text.toString().split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1)
    return counts
  } catch (cause) {
    const lengths = (await texts()).map((text) => text.length).join(', ')
    throw new Error(`not equal: ${lengths} characters (disk, two clients)`, { cause })
  } finally {
    for (const { leave } of clients) leave()
  }
}

async function come({ relay, room, token }: Read): Promise<{ text: Y.Text; leave: () => void }> {
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(
    `ws://127.0.0.1:${relay}/collab`,
    room.slice('/collab/'.length),
    doc,
    {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      protocols: [`bearer.${token}`],
      disableBc: true,
      maxBackoffTime: 200,
    },
  )
  // The provider leaves its presence's clock running; the document's end stops it.
  const leave = (): void => (provider.destroy(), doc.destroy())
  await eventually(() => provider.synced, patienceMs).catch((fault: unknown) => {
    leave()
    throw fault
  })
  return { text: doc.getText('content'), leave }
}
