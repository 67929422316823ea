// A page's socket into a running session, over the runner's own socket, for tests that have no front door.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { io, type Socket as Page } from 'socket.io-client'
import { eventually } from './eventually.ts'

export type DoorOf = { socket: string; repl: string; token: string }

/** Comes in by `namespace`, does what is to be done there, and leaves. */
export async function inside<T>(
  { socket, repl, token }: DoorOf,
  namespace: 'tree' | 'terminal',
  act: (page: Page) => Promise<T>,
): Promise<T> {
  const ends = new Set<Socket>()
  const front = createServer((outside) => {
    const within = connect(socket)
    for (const end of [outside, within]) {
      ends.add(end)
      end.on('error', () => outside.destroy())
      end.on('close', () => (outside.destroy(), within.destroy()))
    }
    outside.pipe(within).pipe(outside)
  })
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening))
  const page = io(`http://127.0.0.1:${(front.address() as AddressInfo).port}/${namespace}`, {
    path: `/r/${repl}/live`,
    transports: ['websocket'],
    auth: { token },
    forceNew: true,
  })
  let refused = 'no answer'
  page.on('connect_error', (fault) => (refused = fault.message))
  try {
    await eventually(() => page.connected, 30_000).catch((fault: unknown) => {
      throw new Error(`the ${namespace} of ${repl} was not reached: ${refused}`, { cause: fault })
    })
    return await act(page)
  } finally {
    page.disconnect()
    for (const end of ends) end.destroy()
    await new Promise((closed) => front.close(closed))
  }
}
