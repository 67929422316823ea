// What the terminals of a session need, and what they give to the runner around them. Implemented by the terminal door.
import type { Namespace } from 'socket.io'
import type { Logger } from 'pino'
import type { AccessChange } from '../../protocol/access.ts'
import type { Clock } from '../documents/clock.ts'
import type { KeptKeyboards } from './kept-keyboards.ts'

export type TerminalsDeps = {
  /** socket.io namespace `/terminal`; a middleware has put the page's DoorClaims into `socket.data.claims`. */
  namespace: Namespace
  boxSocket: string
  boxSecret: string
  /** Command of the Run button. */
  run: string
  /** Resolves when every document is on the disk. */
  materialise: (why: string) => Promise<void>
  /** True from the first moment of a stop: no program is started any more. */
  stopping?: () => boolean
  log: Logger
  clock?: Clock
  /** Left out: who holds a keyboard is forgotten with this runner. */
  keyboards?: KeptKeyboards
  build?: string
  /** Milliseconds that the box gets to end every program. */
  endMs?: number
  /** Bytes of output kept per terminal. */
  tapeBytes?: number
}

export interface Terminals {
  /** True while the link to the box is up. */
  boxReady(): boolean
  /** True when nothing listens at the box's socket any more: not merely silent. */
  boxGone(): boolean
  /** Ends every user program; resolves when none is left, rejects `unavailable` when the box does not say so in time. */
  endAll(): Promise<void>
  /** Somebody has another role, or none; the claims of their sockets say so already. */
  changed(change: AccessChange): void
  close(): Promise<void>
}
