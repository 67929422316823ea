// Ports of the front door that lead to one preview each, for browsers that reach no host of its own: chosen free, kept while the
// table lives, answered for once the front door listens.
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../../../protocol/errors.ts'
import type { RouteTable } from '../../../protocol/env.ts'
import type { PreviewPlace } from '../../../protocol/preview.ts'

/** Ports that one front door may hold for previews; each is a socket that listens, and a hole in somebody's firewall. */
const mostPorts = 100
/** Milliseconds that the front door gets to listen: it looks at its table several times a second. */
const listenMs = 5_000
const lookMs = 50

/** The table is changed in place and published when a port is new. `host`: where the front door is reached. Throws `unavailable` when none can be had. */
export async function portForPreview(
  ports: RouteTable['ports'],
  { place, host }: { place: PreviewPlace; host: string },
  publish: () => Promise<void>,
): Promise<number> {
  const known = Object.entries(ports).find(([, to]) => to.slug === place.slug && to.port === place.port)
  const outer = known === undefined ? await freePort() : Number(known[0])
  if (known === undefined) {
    const taken = Object.keys(ports)
    if (taken.length >= mostPorts) delete ports[taken[0] ?? '']
    ports[outer] = place
    await publish()
  }
  await untilOpen({ port: outer, host })
  return outer
}

/** One that the system has free now, on every address. */
function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
    server.once('error', () => fail(noPort()))
    server.listen(0, () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? done(address.port) : fail(noPort()),
      )
    })
  })
}

async function untilOpen(at: { port: number; host: string }): Promise<void> {
  const until = performance.now() + listenMs
  while (!(await isOpen(at))) {
    if (performance.now() > until) throw noPort()
    await pause(lookMs)
  }
}

function isOpen(at: { port: number; host: string }): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(at)
    socket.once('connect', () => (socket.destroy(), done(true))).once('error', () => done(false))
  })
}

function noPort(): AppError {
  return new AppError('unavailable', {
    say: 'No port could be opened for this preview. Try again in a moment.',
  })
}
