// The terminals of a session as a whole: puts room and door together and gives the runner what it needs of them.
import type { Namespace } from 'socket.io'
import type { Logger } from 'pino'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import { openTerminalDoor } from '../doors/terminal.ts'
import { TerminalRoom } from './room.ts'

export type TerminalsDeps = {
  /** socket.io namespace `/terminal`; a middleware has put the page's DoorClaims into `socket.data.claims`. */
  namespace: Namespace
  boxSocket: string
  boxSecret: string
  /** Command of the Run button. */
  run: string
  /** Resolves when every document is on the disk. */
  materialise: (why: string) => Promise<void>
  log: Logger
  build?: string
  /** Bytes of output kept per terminal. */
  tapeBytes?: number
}

export interface Terminals {
  /** True while the link to the box is up. */
  boxReady(): boolean
  /** Ends every user program; resolves when none is left, rejects `unavailable` when the box does not say so in time. */
  endAll(): Promise<void>
  close(): Promise<void>
}

/** Milliseconds the box gets to end every program: its own grace, killing, and a lost link in between. */
const endMs = 20_000

export function startTerminals(deps: TerminalsDeps): Promise<Terminals> {
  const log = deps.log.child({ door: 'terminal' })
  const { boxSocket, boxSecret, run, materialise } = deps
  const tapeBytes = deps.tapeBytes ?? limits.ringBytes
  const room = new TerminalRoom({
    boxSocket,
    boxSecret,
    run,
    materialise,
    log,
    tapeBytes,
    build: deps.build ?? 'dev',
  })
  openTerminalDoor(deps.namespace, room, log)
  return Promise.resolve({
    boxReady: () => room.isReady,
    endAll: () => within(endMs, room.endAll()),
    close: () => {
      deps.namespace.disconnectSockets(true)
      room.dispose()
      return Promise.resolve()
    },
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
