// The socket.io connection to one proven runner: namespaces of tree and terminal, reconnecting with jitter. It decides nothing.
import { Manager, type Socket } from 'socket.io-client'
import type { TerminalFromPage, TerminalToPage } from '../../../protocol/terminal.ts'
import type { TreeFromPage, TreeToPage } from '../../../protocol/tree.ts'
import { AppError, type Answer } from '../../../protocol/errors.ts'
import type { PortsToPage } from '../../../protocol/preview.ts'
import type { Doors } from '../../../protocol/repl.ts'
import { between } from './doors.ts'

export type TreeSocket = Socket<TreeToPage, TreeFromPage>
export type TerminalSocket = Socket<TerminalToPage, TerminalFromPage>

export type PortsSocket = Socket<PortsToPage, Record<string, never>>

export type Live = {
  doors: Doors
  tree: TreeSocket
  terminal: TerminalSocket
  ports: PortsSocket
  dispose: () => void
}

/** Milliseconds between tries; socket.io spreads them by half. */
const reconnectMs = { first: 300, longest: 4_000 }
/** An answer that takes longer is given up and said. */
export const answerMs = 20_000

/** Token for the next connection; failing is allowed, the runner then refuses and we come again. */
export type TokenSource = () => Promise<string>

export function openLive(doors: Doors, token: TokenSource): Live {
  const address = new URL(doors.runner)
  const manager = new Manager(address.origin, {
    path: `${address.pathname}/live`,
    transports: ['websocket'],
    reconnectionDelay: reconnectMs.first,
    reconnectionDelayMax: reconnectMs.longest,
    randomizationFactor: 0.5,
  })
  const auth = (give: (auth: { token: string }) => void): void =>
    void token().then(
      (token) => give({ token }),
      () => give({ token: '' }),
    )
  const tree: TreeSocket = manager.socket('/tree', { auth })
  const terminal: TerminalSocket = manager.socket('/terminal', { auth })
  const ports: PortsSocket = manager.socket('/ports', { auth })
  const stops = [comeAgain(tree), comeAgain(terminal), comeAgain(ports)]
  return {
    doors,
    tree,
    terminal,
    ports,
    dispose: () => {
      for (const stop of stops) stop()
      tree.disconnect()
      terminal.disconnect()
      ports.disconnect()
      manager._close()
    },
  }
}

type AnySocket = Pick<Socket, 'active' | 'connect' | 'on' | 'off'>

/** socket.io gives up after a refusal or when the server hangs up; both pass, so we come again. */
function comeAgain(socket: AnySocket): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const again = (): void => {
    if (socket.active) return
    clearTimeout(timer)
    timer = setTimeout(() => socket.connect(), between(reconnectMs.first, reconnectMs.longest))
  }
  socket.on('connect_error', again)
  socket.on('disconnect', again)
  return () => {
    clearTimeout(timer)
    socket.off('connect_error', again)
    socket.off('disconnect', again)
  }
}

/** Waits for an answer; a refusal, silence, or a lost connection is thrown in words. */
export async function answered<T extends object>(asked: Promise<Answer<T>>): Promise<T> {
  const answer = await asked.catch((cause: unknown) => {
    throw new AppError('unavailable', { say: 'The REPL did not answer. Try again.', cause })
  })
  if (answer.ok) return answer
  throw new AppError(answer.error.code, { say: answer.error.say })
}

/** Nothing is queued behind a lost connection: the person is told instead. */
export function mustBeConnected(socket: { connected: boolean } | null): void {
  if (socket?.connected) return
  throw new AppError('unavailable', {
    say: 'You are offline, so this was not done. Try again when the connection is back.',
  })
}
