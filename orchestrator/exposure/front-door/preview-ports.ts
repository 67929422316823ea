// Ports of the front door that lead to one preview each, for browsers that reach no host of its own: chosen free, kept while the
// table lives, answered for once the front door listens.
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../../../protocol/errors.ts'
import type { RouteTable } from '../../../protocol/env.ts'
import type { PreviewPlace } from '../../../protocol/preview.ts'

/** Ports that one repl may hold for its previews; each is a socket that listens, and a hole in somebody's firewall. */
const mostPerRepl = 8
/** Milliseconds that the front door gets to listen: it looks at its table several times a second. */
const listenMs = 5_000
const lookMs = 50

export type PortWish = {
  place: PreviewPlace
  /** Where the front door is reached. */
  host: string
  /** False: answers what is there, and opens nothing. */
  mayOpen: boolean
}

/**
 * The table is changed in place and published when a port is new. A repl with too many loses its own oldest, never another's.
 * Throws `unavailable` when none can be had.
 */
export async function portForPreview(
  ports: RouteTable['ports'],
  { place, host, mayOpen }: PortWish,
  publish: () => Promise<void>,
): Promise<number> {
  const known = Object.entries(ports).find(([, to]) => to.slug === place.slug && to.port === place.port)
  if (known === undefined && !mayOpen) throw notOpen()
  const outer = known === undefined ? await freePort() : Number(known[0])
  if (known === undefined) {
    makeRoom(ports, place.slug)
    ports[outer] = { ...place, since: nextSince(ports) }
    await publish()
  }
  await untilOpen({ port: outer, host })
  return outer
}

function makeRoom(ports: RouteTable['ports'], slug: string): void {
  const own = Object.entries(ports).filter(([, to]) => to.slug === slug)
  own.sort(([, one], [, other]) => other.since - one.since)
  for (const [oldest] of own.slice(mostPerRepl - 1)) delete ports[oldest]
}

/** Counted, not timed: two ports may be opened within one millisecond, and clocks are set back. */
function nextSince(ports: RouteTable['ports']): number {
  return Object.values(ports).reduce((most, { since }) => Math.max(most, since), 0) + 1
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

function notOpen(): AppError {
  return new AppError('not-found', { say: 'This preview is not open yet. Open it in the editor first.' })
}

function noPort(): AppError {
  return new AppError('unavailable', {
    say: 'No port could be opened for this preview. Try again in a moment.',
  })
}
