// All shared terminals of a session: who may do what to them, the list and the Run state that everybody sees, and what lives
// on in the box when the link to it was lost. Knows no socket.
import type { Logger } from 'pino'
import type { z } from 'zod'
import { can, type AccessChange, type Action } from '../../protocol/access.ts'
import type { BoxTerminal } from '../../protocol/box.ts'
import { AppError } from '../../protocol/errors.ts'
import { limits } from '../../protocol/limits.ts'
import type {
  Attached,
  KeyboardWish,
  RunCommand,
  RunState,
  Size,
  TerminalInfo,
} from '../../protocol/terminal.ts'
import type { Clock } from '../documents/clock.ts'
import { away, BoxLink, type Loss, type OutputMessage } from './box-link.ts'
import type { KeptKeyboards } from './kept-keyboards.ts'
import { forbidden } from './keyboard.ts'
import { Run, runName } from './run.ts'
import { SharedTerminal, type Peer } from './shared.ts'

export type RoomDeps = {
  boxSocket: string
  boxSecret: string
  build: string
  run: string
  materialise: (why: string) => Promise<void>
  clock: Clock
  log: Logger
  tapeBytes: number
  keyboards: KeptKeyboards
  /** True from the first moment of a stop: nothing new is opened. */
  stopping: () => boolean
}

/** A window for programs that were started before anybody told theirs. */
const defaultSize: Size = { cols: 80, rows: 24 }
/** Milliseconds between lists for new sizes: a box that changes them without pause must not fill the way to a page that reads nothing. */
const sizesMs = 50

export class TerminalRoom {
  readonly #deps: RoomDeps
  readonly #link: BoxLink
  readonly #run: Run
  readonly #peers = new Map<string, Peer>()
  readonly #terminals = new Map<number, SharedTerminal>()
  /** Names of terminals that the box has not answered yet. */
  readonly #opening = new Set<string>()
  /** Which box it was that said hello last; null before, and for one of an older build. */
  #box: string | null = null
  #listSoon = false
  #sizeTimer: NodeJS.Timeout | undefined
  #ending = false
  #closed = false

  constructor(deps: RoomDeps) {
    this.#deps = deps
    this.#run = new Run({
      command: deps.run,
      materialise: deps.materialise,
      open: (size, by) => this.#openRun(size, by),
      signal: (terminal, signal) => this.#link.send({ type: 'signal', terminal, signal }),
      onChange: (state) => this.#tellRun(state),
    })
    this.#link = new BoxLink({
      socket: deps.boxSocket,
      secret: deps.boxSecret,
      build: deps.build,
      log: deps.log,
      onHello: (terminals, box) => this.#reconcile(terminals, box),
      onLost: (why) => this.#lost(why),
      onOutput: (message, payload) => this.#take(message, payload),
    })
  }

  get isReady(): boolean {
    return this.#link.isReady
  }

  get isGone(): boolean {
    return this.#link.isGone
  }

  join(peer: Peer): void {
    this.#peers.set(peer.id, peer)
    peer.send('list', this.#list())
    peer.send('run', this.#run.state)
  }

  leave(peer: Peer): void {
    this.#peers.delete(peer.id)
    for (const terminal of this.#terminals.values()) terminal.detach(peer.id)
  }

  async open(peer: Peer, opening: Size & { name?: string | undefined }): Promise<number> {
    this.#allow(peer, 'terminal.open')
    const { cols, rows } = opening
    const name = opening.name ?? this.#freeName()
    refuseRunName(name)
    this.#opening.add(name)
    try {
      return await this.#open({ name, cols, rows }, peer.person.id)
    } finally {
      this.#opening.delete(name)
    }
  }

  attach(
    peer: Peer,
    request: Size & { terminal: number; from?: number | undefined },
  ): {
    attached: Attached
    begin: () => void
  } {
    this.#allow(peer, 'terminal.watch')
    const { cols, rows } = request
    return this.#get(request.terminal).attach(peer, { cols, rows }, request.from)
  }

  detach(peer: Peer, terminal: number): void {
    this.#terminals.get(terminal)?.detach(peer.id)
  }

  async input(peer: Peer, terminal: number, bytes: Uint8Array): Promise<void> {
    await this.#get(terminal).input(peer, bytes)
  }

  ack(peer: Peer, terminal: number, offset: number): void {
    this.#terminals.get(terminal)?.ack(peer.id, offset)
  }

  size(peer: Peer, request: Size & { terminal: number }): void {
    this.#get(request.terminal).setSize(peer, { cols: request.cols, rows: request.rows })
  }

  keyboard(peer: Peer, wish: KeyboardWish): void {
    this.#get(wish.terminal).wish(peer, wish)
  }

  /** Somebody has another role, or none; their peers say so already. */
  changed({ person, role }: AccessChange): void {
    for (const terminal of this.#terminals.values()) terminal.roleChanged(person, role)
  }

  close(peer: Peer, id: number): void {
    this.#allow(peer, 'terminal.close')
    const terminal = this.#get(id)
    if (terminal.ending) return this.#forget(terminal)
    terminal.mayClose(peer.person)
    if (!this.#link.send({ type: 'close', terminal: id })) throw away()
    terminal.closing = true
  }

  rename(peer: Peer, id: number, name: string): void {
    this.#allow(peer, 'terminal.open')
    const terminal = this.#get(id)
    refuseRunName(name)
    refuseRunName(terminal.name)
    if (!this.#link.send({ type: 'rename', terminal: id, name })) throw away()
    terminal.name = name
    this.#listChanged()
  }

  async run(peer: Peer, size: z.infer<typeof RunCommand>): Promise<number> {
    this.#allow(peer, 'run')
    if (this.#ending) throw stopping()
    const { cols = defaultSize.cols, rows = defaultSize.rows } = size
    return this.#run.start({ cols, rows }, peer.person)
  }

  stop(peer: Peer): void {
    this.#allow(peer, 'run')
    if (!this.#run.stop()) throw new AppError('not-running', { say: 'Nothing is running.' })
  }

  /** Ends every user program. Until it is done nothing new starts. */
  async endAll(): Promise<void> {
    this.#ending = true
    try {
      await this.#link.end()
    } finally {
      this.#ending = false
    }
  }

  dispose(): void {
    this.#closed = true
    clearTimeout(this.#sizeTimer)
    this.#link.close()
    this.#run.close()
    for (const terminal of this.#terminals.values()) terminal.close()
    this.#terminals.clear()
  }

  #allow(peer: Peer, action: Action): void {
    if (!can(peer.person.role, action)) throw forbidden()
  }

  #get(id: number): SharedTerminal {
    const terminal = this.#terminals.get(id)
    if (!terminal) throw new AppError('not-found', { say: 'This terminal is gone.' })
    return terminal
  }

  async #open(opening: Size & { name: string; command?: string }, opener: string): Promise<number> {
    // A Run that waited for its files may come here after the programs were ended.
    if (this.#ending || this.#deps.stopping()) throw stopping()
    const opened = await this.#link.open(opening)
    if (!this.#makePlace(opened.terminal)) {
      this.#link.send({ type: 'close', terminal: opened.terminal })
      throw new AppError('too-many', { say: 'There are too many terminals. Close one first.' })
    }
    this.#add(opened, opener)
    return opened.terminal
  }

  async #openRun(size: Size, by: { id: string }): Promise<number> {
    for (const terminal of this.#terminals.values()) {
      if (terminal.name === runName && terminal.ending) this.#forget(terminal)
    }
    return this.#open({ name: runName, ...size, command: this.#deps.run }, by.id)
  }

  /** Terminals of a box before may still be shown: the oldest that has ended goes. False: all live. */
  #makePlace(id: number): boolean {
    if (this.#terminals.has(id) || this.#terminals.size < limits.terminals) return true
    const ended = [...this.#terminals.values()].find(({ ending }) => ending !== null)
    if (ended === undefined) return false
    // The box is not told: in it the number may be another's.
    this.#terminals.delete(ended.id)
    ended.close()
    return true
  }

  #add(found: BoxTerminal, opener: string | null): void {
    const { terminal: id, pid, name, cols, rows } = found
    this.#terminals.get(id)?.close()
    const shared = new SharedTerminal({
      id,
      pid,
      name,
      size: { cols, rows },
      opener,
      tapeBytes: this.#deps.tapeBytes,
      hold: this.#deps.keyboards.take({ terminal: id, pid, box: this.#box }),
      materialise: this.#deps.materialise,
      onChange: () => this.#changed(shared),
      onSize: () => this.#sized(),
      clock: this.#deps.clock,
      log: this.#deps.log,
      box: {
        write: (bytes) => this.#link.send({ type: 'in', terminal: id }, bytes),
        resize: (size) => this.#link.send({ type: 'size', terminal: id, ...size }),
        hold: (paused) => this.#link.send({ type: 'pause', terminal: id, paused }),
      },
    })
    this.#terminals.set(id, shared)
    this.#link.send({ type: 'follow', terminal: id, from: 0 })
    this.#listChanged()
  }

  #take(message: OutputMessage, payload: Uint8Array): void {
    this.#terminals.get(message.terminal)?.take(message, payload)
  }

  #changed(terminal: SharedTerminal): void {
    this.#listChanged()
    if (!terminal.ending) return
    this.#run.ended(terminal.id, terminal.ending)
    if (terminal.closing) this.#forget(terminal)
  }

  #forget(terminal: SharedTerminal): void {
    this.#link.send({ type: 'close', terminal: terminal.id })
    this.#terminals.delete(terminal.id)
    terminal.close()
    this.#listChanged()
  }

  #lost(why: Loss): void {
    this.#deps.log.warn({ why }, 'the link to the box was lost')
    for (const terminal of this.#terminals.values()) terminal.lost()
    const [first] = this.#terminals.keys()
    if (why === 'closed' || first === undefined) return
    for (const peer of this.#peers.values())
      peer.send('refused', { terminal: first, error: silent().toWire() })
  }

  /** The box is there: its terminals are the truth. Those we know go on where we stopped, others are new, ours that it does
   *  not know have ended with it. */
  #reconcile(found: BoxTerminal[], box: string | null): void {
    // Another box gives the same numbers and pids to other terminals.
    const isSame = box === this.#box
    this.#box = box
    const byId = new Map(found.map((each) => [each.terminal, each]))
    for (const ours of this.#terminals.values()) {
      if (isSame && byId.get(ours.id)?.pid === ours.pid) this.#goOn(ours)
      else ours.end({ offset: ours.tape.next, code: null, signal: null })
    }
    for (const each of found) {
      if (isSame && this.#terminals.get(each.terminal)?.pid === each.pid) continue
      if (this.#makePlace(each.terminal)) this.#add(each, null)
    }
    this.#deps.keyboards.forget()
    this.#listChanged()
    const running = found.find((each) => each.name === runName && !each.exit)
    if (running && this.#run.state.phase === 'idle') this.#run.found(running.terminal)
  }

  #goOn(ours: SharedTerminal): void {
    this.#link.send({ type: 'follow', terminal: ours.id, from: ours.tape.next })
    ours.regained()
  }

  #freeName(): string {
    const taken = new Set([...this.#opening, ...Array.from(this.#terminals.values(), ({ name }) => name)])
    let number = 1
    while (taken.has(`Terminal ${number}`)) number++
    return `Terminal ${number}`
  }

  #list(): TerminalInfo[] {
    return Array.from(this.#terminals.values(), (terminal) => terminal.info())
  }

  /** Told once per turn of the event loop, however much changed in it. */
  #listChanged(): void {
    if (this.#listSoon || this.#closed) return
    this.#listSoon = true
    setImmediate(() => {
      this.#listSoon = false
      if (this.#closed) return
      this.#keepKeyboards()
      const list = this.#list()
      for (const peer of this.#peers.values()) peer.send('list', list)
    })
  }

  #sized(): void {
    this.#sizeTimer ??= setTimeout(() => {
      this.#sizeTimer = undefined
      this.#listChanged()
    }, sizesMs).unref()
  }

  #keepKeyboards(): void {
    const holds = [...this.#terminals.values()].flatMap(({ id, pid, hold }) =>
      hold === null ? [] : [{ terminal: id, pid, box: this.#box, ...hold }],
    )
    this.#deps.keyboards.keep(holds)
  }

  #tellRun(state: RunState): void {
    for (const peer of this.#peers.values()) peer.send('run', state)
  }
}

function refuseRunName(name: string): void {
  if (name !== runName) return
  throw new AppError('exists', { say: `“${runName}” belongs to the Run button. Choose another name.` })
}

function silent(): AppError {
  return new AppError('unavailable', {
    say: 'The terminals do not answer just now: the programs here hang or are stopped. They go on when they answer again; after a minute they are ended and terminals start anew.',
  })
}

function stopping(): AppError {
  return new AppError('unavailable', { say: 'This session is stopping: nothing new can be started.' })
}
