// The terminal door: lets pages with claims in to the session's terminals, and gives the runner what it needs of them.
import type { Namespace, Socket } from 'socket.io'
import type { Logger } from 'pino'
import { DoorClaims } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import { systemClock } from '../documents/clock.ts'
import type { KeptKeyboards } from '../terminals/kept-keyboards.ts'
import { TerminalRoom } from '../terminals/room.ts'
import type { Terminals, TerminalsDeps } from '../terminals/terminals.ts'
import { TerminalPage } from './terminal-page.ts'

/** Milliseconds the box gets to end every program: its own grace, killing, and a lost link in between. */
const usualEndMs = 20_000

export function startTerminals(deps: TerminalsDeps): Promise<Terminals> {
  const log = deps.log.child({ door: 'terminal' })
  const { boxSocket, boxSecret, run, materialise, build = 'dev', tapeBytes = limits.ringBytes } = deps
  const { stopping = () => false, clock = systemClock, keyboards = forgotten, endMs = usualEndMs } = deps
  const box = { boxSocket, boxSecret, build }
  const room = new TerminalRoom({ ...box, run, materialise, log, tapeBytes, stopping, clock, keyboards })
  admitPages(deps.namespace, room, log)
  return Promise.resolve({
    boxReady: () => room.isReady,
    boxGone: () => room.isGone,
    endAll: () => within(endMs, room.endAll()),
    changed: (change) => room.changed(change),
    close: () => {
      deps.namespace.disconnectSockets(true)
      room.dispose()
      return keyboards.close()
    },
  })
}

const forgotten: KeptKeyboards = {
  take: () => null,
  forget: () => undefined,
  keep: () => undefined,
  close: () => Promise.resolve(),
}

function admitPages(namespace: Namespace, room: TerminalRoom, log: Logger): void {
  namespace.on('connection', (socket: Socket) => {
    // It may have been let go in the very turn in which it came.
    if (!socket.connected) return
    const claims = DoorClaims.safeParse(socket.data.claims)
    if (claims.success) return new TerminalPage({ socket, room, claims: claims.data, log }).open()
    log.error('a page came to the terminal door without claims')
    socket.disconnect(true)
  })
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const say = 'The programs of this session did not end in time.'
    timer = setTimeout(() => reject(new AppError('unavailable', { say })), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
