// The shared terminals of the running session as this page sees them, and the commands on them. It draws nothing.
import { AppError, asAppError } from '../../../protocol/errors.ts'
import { limits } from '../../../protocol/limits.ts'
import type { KeyboardWish, RunState, Size, TerminalInfo } from '../../../protocol/terminal.ts'
import { answered, answerMs, mustBeConnected, type Live, type TerminalSocket } from '../link/live.ts'
import { eachSession } from '../link/each-session.ts'
import { createScope } from '../scope.ts'
import { createStore, type Readable } from '../store.ts'
import { arrivalOf, type Unlogged } from './arrival.ts'
import { InputGate } from './input-gate.ts'
import { OutputStream, type Canvas } from './stream.ts'

export type Viewing = {
  type: (bytes: Uint8Array) => void
  /** This window's size; it counts when its person drives. */
  size: (size: Size) => void
  dispose: () => void
}

export type ViewPlan = { terminal: number; size: () => Size; canvas: Canvas; resized: (size: Size) => void }

export type Terminals = {
  list: Readable<TerminalInfo[] | null>
  run: Readable<RunState | null>
  /** Words while Enter or Run waits for own edits, else null. */
  waiting: Readable<string | null>
  /** The size that the next terminal is opened with: the area's, once it has been measured. */
  measured: (size: Size) => void
  open: (name?: string) => Promise<number>
  close: (terminal: number) => Promise<void>
  rename: (terminal: number, name: string) => Promise<void>
  keyboard: (wish: KeyboardWish) => Promise<void>
  /** Starts the program once own edits have arrived; answers its terminal. */
  start: () => Promise<number>
  stop: () => Promise<void>
  view: (plan: ViewPlan) => Viewing
  dispose: () => void
}

export type TerminalsParts = {
  live: Readable<Live | null>
  unlogged: Unlogged
  /** Words for a person about something that did not happen. */
  refused: (say: string) => void
}

export function createTerminals({ live, unlogged, refused }: TerminalsParts): Terminals {
  const scope = createScope()
  const list = createStore<TerminalInfo[] | null>(null)
  const run = createStore<RunState | null>(null)
  const waiting = createStore<string | null>(null)
  let size: Size = { cols: 100, rows: 24 }

  const socket = (): TerminalSocket => {
    const now = live.get()?.terminal ?? null
    mustBeConnected(now)
    if (now === null) throw new AppError('unavailable', { say: 'You are offline.' })
    return now
  }
  const ask = () => socket().timeout(answerMs)
  scope.add(
    eachSession(live, (session) => {
      list.set(null)
      run.set(null)
      const { terminal } = session
      terminal.on('list', list.set)
      terminal.on('run', run.set)
      const say = (refusal: { error: { say: string } }): void => refused(refusal.error.say)
      terminal.on('refused', say)
      return () => terminal.off('list', list.set).off('run', run.set).off('refused', say)
    }),
  )
  const view = (plan: ViewPlan): Viewing =>
    viewTerminal({ live, unlogged, waiting: waiting.set, refused, socket }, plan)
  return {
    list,
    run,
    waiting,
    view,
    measured: (area) => {
      size = area
    },
    open: async (name) =>
      (await answered(ask().emitWithAck('open', name === undefined ? size : { ...size, name }))).terminal,
    close: async (terminal) => void (await answered(ask().emitWithAck('close', { terminal }))),
    rename: async (terminal, name) => void (await answered(ask().emitWithAck('rename', { terminal, name }))),
    keyboard: async (wish) => void (await answered(ask().emitWithAck('keyboard', wish))),
    start: async () => {
      socket()
      await arrivalOf(unlogged, waiting.set)
      return (await answered(ask().emitWithAck('run', size))).terminal
    },
    stop: async () => void (await answered(ask().emitWithAck('stop'))),
    dispose: scope.dispose,
  }
}

type ViewParts = {
  live: Readable<Live | null>
  unlogged: Unlogged
  waiting: (words: string | null) => void
  refused: (say: string) => void
  socket: () => TerminalSocket
}

function viewTerminal(parts: ViewParts, plan: ViewPlan): Viewing {
  const { terminal } = plan
  const scope = createScope()
  let attachedTo: TerminalSocket | null = null
  const attach = async (socket: TerminalSocket, from?: number): Promise<void> => {
    const request = { terminal, ...plan.size(), ...(from === undefined ? {} : { from }) }
    try {
      const { attached } = await answered(socket.timeout(answerMs).emitWithAck('attach', request))
      plan.resized({ cols: attached.cols, rows: attached.rows })
    } catch (thrown) {
      if (socket.connected && !scope.isDisposed())
        parts.refused(thrown instanceof AppError ? thrown.say : 'This terminal cannot be shown.')
    }
  }
  const stream = new OutputStream({
    canvas: plan.canvas,
    ack: (offset) => attachedTo?.emit('ack', { terminal, offset }),
    gap: () => attachedTo && void attach(attachedTo, stream.next()),
  })
  scope.add(() => stream.dispose())
  const gate = new InputGate({
    unlogged: parts.unlogged,
    waiting: parts.waiting,
    refused: parts.refused,
    send: (bytes) => sendInput(parts.socket(), terminal, bytes),
  })
  scope.add(() => gate.dispose())
  scope.add(
    eachSession(parts.live, ({ terminal: socket }) => {
      attachedTo = socket
      const follow = followOutput({ socket, terminal, stream, resized: plan.resized })
      const again = (): void => void attach(socket, stream.next() > 0 ? stream.next() : undefined)
      socket.on('connect', again)
      if (socket.connected) again()
      return () => {
        follow()
        socket.off('connect', again)
        if (socket.connected) socket.emit('detach', { terminal })
      }
    }),
  )
  return {
    type: (bytes) => {
      try {
        // Refused at once: Enter would otherwise wait for edits that cannot arrive either.
        parts.socket()
        gate.type(bytes)
      } catch (thrown) {
        parts.refused(asAppError(thrown).say)
      }
    },
    size: (size) => {
      if (attachedTo?.connected) attachedTo.emit('size', { terminal, ...size })
    },
    dispose: scope.dispose,
  }
}

function sendInput(socket: TerminalSocket, terminal: number, bytes: Uint8Array): void {
  if (bytes.length > limits.terminalInputBytes) {
    throw new AppError('too-large', {
      say: 'This is too much for a terminal at once. Put it in a file instead.',
    })
  }
  socket.emit('in', { terminal }, bytes)
}

type Followed = {
  socket: TerminalSocket
  terminal: number
  stream: OutputStream
  resized: (size: Size) => void
}

function followOutput({ socket, terminal, stream, resized }: Followed): () => void {
  const bytesOf = (data: Uint8Array | ArrayBuffer): Uint8Array => new Uint8Array(data)
  const out = (of: number, offset: number, bytes: Uint8Array): void => {
    if (of === terminal) stream.out(offset, bytesOf(bytes))
  }
  const snap = (
    screen: { terminal: number; offset: number; cols: number; rows: number },
    bytes: Uint8Array,
  ): void => {
    if (screen.terminal === terminal) stream.snap(screen, bytesOf(bytes))
  }
  const size = (of: { terminal: number; cols: number; rows: number }): void => {
    if (of.terminal === terminal) resized(of)
  }
  socket.on('out', out).on('snap', snap).on('size', size)
  return () => socket.off('out', out).off('snap', snap).off('size', size)
}
