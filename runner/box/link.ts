// The box's side of its socket: admits one runner that knows the secret, parses what it asks, and answers. What is asked is
// done elsewhere (terminals.ts).
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { boxFrameBytes, RunnerToBox, type BoxToRunner } from '../../protocol/box.ts'
import type { BoxLaunch } from '../../protocol/control.ts'
import { asAppError } from '../../protocol/errors.ts'
import { decodeFrame, encodeStreamFrame, FrameSplitter } from '../../protocol/frames.ts'
import { protocolVersion, speaks } from '../../protocol/hello.ts'
import { Outlet } from './outlet.ts'
import { sameSecret } from './secret.ts'
import type { Terminal } from './terminal.ts'
import type { BoxTerminals } from './terminals.ts'

/** Milliseconds in which a new socket must say hello. */
const helloMs = 5000

export type LinkDeps = {
  socket: Socket
  launch: BoxLaunch
  terminals: BoxTerminals
  log: Logger
  onAdmitted: () => void
}

export class BoxLink {
  readonly #deps: LinkDeps
  readonly #splitter = new FrameSplitter(boxFrameBytes)
  readonly #outlets = new Map<number, Outlet>()
  readonly #helloTimer: NodeJS.Timeout
  #admitted = false

  constructor(deps: LinkDeps) {
    this.#deps = deps
    this.#helloTimer = setTimeout(() => deps.socket.destroy(), helloMs)
    deps.socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    deps.socket.on('drain', () => this.#flowAll())
    deps.socket.on('error', () => deps.socket.destroy())
    deps.socket.on('close', () => this.#leave())
  }

  close(): void {
    this.#deps.socket.destroy()
  }

  /** A terminal has something new. */
  notice(terminal: number): void {
    this.#outlets.get(terminal)?.notice()
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#splitter.push(chunk)) {
        const { header, payload } = decodeFrame(frame)
        this.#take(RunnerToBox.parse(header), payload)
      }
    } catch (thrown) {
      const fault = asAppError(thrown)
      this.#deps.log.warn({ code: fault.code, ...fault.log }, 'a frame of the runner was refused')
      this.close()
    }
  }

  #take(message: RunnerToBox, payload: Uint8Array): void {
    if (this.#deps.socket.destroyed) return
    if (message.type === 'hello') return this.#hello(message)
    if (!this.#admitted) return this.close()
    if (message.type === 'open') return this.#open(message)
    if (message.type === 'end') return void this.#end()
    if (message.type === 'beat') return this.#send({ type: 'beat' })
    const terminal = this.#deps.terminals.all.get(message.terminal)
    if (terminal) this.#takeFor(terminal, message, payload)
  }

  #takeFor(terminal: Terminal, message: ForTerminal, payload: Uint8Array): void {
    switch (message.type) {
      case 'in':
        return terminal.write(Uint8Array.from(payload))
      case 'size':
        return terminal.resize(message)
      case 'rename':
        terminal.name = message.name
        return
      case 'close':
        return this.#deps.terminals.close(terminal)
      case 'signal':
        return this.#deps.terminals.signal(terminal, message.signal)
      case 'follow':
        return this.#follow(terminal, message.from)
      case 'pause':
        return terminal.pause(message.paused)
    }
  }

  #hello(hello: Extract<RunnerToBox, { type: 'hello' }>): void {
    if (this.#admitted || !speaks(hello.protocol) || !sameSecret(hello.secret, this.#deps.launch.secret)) {
      this.#deps.log.warn({ protocol: hello.protocol }, 'a runner was turned away')
      return this.close()
    }
    clearTimeout(this.#helloTimer)
    this.#admitted = true
    this.#deps.onAdmitted()
    const terminals = [...this.#deps.terminals.all.values()].map((terminal) => terminal.describe())
    const { build } = this.#deps.launch
    const box = this.#deps.terminals.box
    this.#send({ type: 'hello', protocol: protocolVersion, build, terminals, beats: true, box })
  }

  #open(message: Extract<RunnerToBox, { type: 'open' }>): void {
    try {
      const opened = this.#deps.terminals.open(message)
      if (opened) this.#send({ type: 'opened', ask: message.ask, terminal: opened.describe() })
      else
        this.#send({
          type: 'refused',
          ask: message.ask,
          say: 'There are too many terminals. Close one first.',
        })
    } catch (fault) {
      this.#deps.log.error({ err: fault }, 'a terminal could not be opened')
      this.#send({
        type: 'refused',
        ask: message.ask,
        say: 'The terminal could not be started. It has been logged.',
      })
    }
  }

  #follow(terminal: Terminal, from: number): void {
    this.#outlets.get(terminal.id)?.close()
    const outlet = new Outlet(terminal, { send: (frame) => this.#write(frame) }, from)
    this.#outlets.set(terminal.id, outlet)
    outlet.flow()
  }

  async #end(): Promise<void> {
    await this.#deps.terminals.end()
    this.#flowAll()
    this.#send({ type: 'ended' })
  }

  #send(message: BoxToRunner, payload?: Uint8Array): void {
    this.#write(encodeStreamFrame(message, payload))
  }

  #write(frame: Uint8Array): boolean {
    return this.#deps.socket.destroyed || this.#deps.socket.write(frame)
  }

  #flowAll(): void {
    for (const outlet of this.#outlets.values()) outlet.flow()
  }

  /** Nobody controls the flow any more: programs run on into their rings. */
  #leave(): void {
    clearTimeout(this.#helloTimer)
    for (const outlet of this.#outlets.values()) outlet.close()
    this.#outlets.clear()
    if (this.#admitted) for (const terminal of this.#deps.terminals.all.values()) terminal.pause(false)
  }
}

type ForTerminal = Exclude<RunnerToBox, { type: 'hello' | 'open' | 'end' | 'beat' }>
