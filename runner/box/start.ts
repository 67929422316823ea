// A box: where the user's programs run. Listens on one unix socket, which it is handed or makes in a private folder, and serves
// one runner at a time; its terminals live on when the runner goes. Trusts the runner that knows the secret, and nobody else.
import { once } from 'node:events'
import { chmod, mkdir, rm, stat } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { pino, type Logger } from 'pino'
import type { BoxVisit } from '../../protocol/box.ts'
import type { BoxLaunch } from '../../protocol/control.ts'
import { AppError } from '../../protocol/errors.ts'
import { openEgress } from './egress.ts'
import { admitFirst, answerVisit } from './gate.ts'
import { BoxLink } from './link.ts'
import { BoxPortList } from './ports.ts'
import { dialFor } from './ports-dial.ts'
import { everybody } from './processes.ts'
import { BoxTerminals } from './terminals.ts'

export type Box = { close(): Promise<void> }
export type BoxOptions = { log?: Logger; ringBytes?: number }

/** Descriptor of a socket that the box is handed. */
const standardInput = 0
/** Nobody but us may enter the folder of the socket, or dial it. */
const privateFolder = 0o700
const privateSocket = 0o600
const othersMayEnter = 0o077

export async function startBox(launch: BoxLaunch, options: BoxOptions = {}): Promise<Box> {
  const log = (options.log ?? pino({ level: 'silent' })).child({ repl: launch.repl, room: 'box' })
  let current: BoxLink | undefined
  const sockets = new Set<Socket>()
  const onChange = (terminal: number): void => current?.notice(terminal)
  const terminals = new BoxTerminals({ launch, onChange, ringBytes: options.ringBytes })
  const ports = new BoxPortList({
    network: launch.network ?? 'shared',
    programs: () => terminals.programs(),
    everybody,
  })
  const onLink = (socket: Socket): void => {
    const link: BoxLink = new BoxLink({ socket, launch, terminals, log, onAdmitted: () => admit(link) })
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    admitFirst(socket, { launch, log, onLink, onVisit: (visitor, visit) => serve(visitor, visit, ports) })
  })

  /** A runner that comes back takes the place of its predecessor. */
  function admit(link: BoxLink): void {
    current?.close()
    current = link
    log.info({ terminals: terminals.all.size }, 'a runner is here')
  }

  const egress = await openEgress(launch)
  await listen(server, launch)
  return {
    close: async () => {
      server.close()
      ports.close()
      egress.close()
      await terminals.end()
      for (const socket of sockets) socket.destroy()
      if (!launch.listens) await rm(launch.socket, { force: true })
    },
  }
}

async function listen(server: Server, { socket, listens }: BoxLaunch): Promise<void> {
  if (listens) server.listen({ fd: standardInput })
  else {
    await preparePath(socket)
    server.listen(socket)
  }
  await once(server, 'listening')
  if (!listens) await chmod(socket, privateSocket)
}

function serve(visitor: Socket, visit: BoxVisit, ports: BoxPortList): void {
  if (visit.type === 'ports') {
    visitor.once(
      'close',
      ports.watch((list) => answerVisit(visitor, { type: 'ports', ports: list })),
    )
  } else if (ports.has(visit.port)) {
    // One side of a stream may have said all while the other still speaks.
    visitor.allowHalfOpen = true
    void dialFor(visitor, visit.port)
  } else {
    answerVisit(visitor, { type: 'dialled', outcome: 'closed' })
    visitor.end()
  }
}

async function preparePath(socket: string): Promise<void> {
  const folder = dirname(socket)
  await mkdir(folder, { recursive: true, mode: privateFolder })
  const { mode } = await stat(folder)
  if ((mode & othersMayEnter) !== 0) {
    const say = 'The folder of the box’s socket can be entered by others.'
    throw new AppError('start-failed', { say, log: { folder, mode: mode.toString(8) } })
  }
  await rm(socket, { force: true })
}
