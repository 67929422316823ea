// Opens a text file as a page does, over the runner's own socket, so that it is a document with a room.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { io } from 'socket.io-client'
import { z } from 'zod'
import { Opened } from '../../protocol/tree.ts'
import { eventually } from './eventually.ts'

export type Asked = { socket: string; repl: string; token: string; path: string }

export async function openDocument({
  socket,
  repl,
  token,
  path,
}: Asked): Promise<{ doc: string; epoch: string }> {
  const ends = new Set<Socket>()
  const front = createServer((outside) => {
    const inside = connect(socket)
    for (const end of [outside, inside]) {
      ends.add(end)
      end.on('error', () => outside.destroy())
      end.on('close', () => (outside.destroy(), inside.destroy()))
    }
    outside.pipe(inside).pipe(outside)
  })
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
  const page = io(`http://127.0.0.1:${(front.address() as AddressInfo).port}/tree`, {
    path: `/r/${repl}/live`,
    transports: ['websocket'],
    auth: { token },
    forceNew: true,
  })
  let refused = 'no answer'
  page.on('connect_error', (fault) => (refused = fault.message))
  try {
    await eventually(() => page.connected, 30_000).catch((fault: unknown) => {
      throw new Error(`the tree of ${repl} was not reached: ${refused}`, { cause: fault })
    })
    const answer: unknown = await page.timeout(10_000).emitWithAck('open', { path })
    const { opened } = z.object({ opened: Opened }).parse(answer)
    if (opened.kind !== 'text') throw new Error(`${path} is ${opened.kind}`)
    return { doc: opened.doc, epoch: opened.epoch }
  } finally {
    page.disconnect()
    for (const end of ends) end.destroy()
    await new Promise((closed) => front.close(closed))
  }
}
