// The runner's side of the socket to its box: dials, says hello, dials again when it breaks, and hands on parsed messages.
// Trusts nothing that comes back: a box that says what no box says is dropped. Knows nothing of viewers.
import { createConnection, type Socket } from 'node:net'
import type { Logger } from 'pino'
import { BoxToRunner, type BoxTerminal, type RunnerToBox } from '../../protocol/box.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { decodeFrame, encodeStreamFrame, FrameSplitter } from '../../protocol/frames.ts'
import { protocolVersion, speaks } from '../../protocol/hello.ts'
import { limits } from '../../protocol/limits.ts'
import { Pace } from './pace.ts'
import { Pulse } from './pulse.ts'

/** Milliseconds before dialling again: soon, because people wait for their shells; the longest keeps a lost box cheap. */
const firstRedialMs = 20
const longestRedialMs = 1000
/** Milliseconds before a box is dialled again that was dropped for what it said: it will say it again. */
const afterLieMs = 5000
/** Milliseconds that a link must have lasted for the next dial to be a quick one. */
const lastingMs = 1000
/** Bytes that wait for a box that does not read: several of the largest pastes. What comes on top is not sent. */
const mostQueuedBytes = 8 * limits.terminalInputBytes

export type OutputMessage = Exclude<BoxToRunner, { type: 'hello' | 'opened' | 'refused' | 'ended' | 'beat' }>
export type BoxLinkDeps = {
  socket: string
  secret: string
  build: string
  log: Logger
  /** The box is there: these terminals live in it. `box`: which one it is; null from one of an older build. */
  onHello: (terminals: BoxTerminal[], box: string | null) => void
  /** `silent`: it is there, and gave no sign of life. `false`: it said what no box says. Dialled again in each case. */
  onLost: (why: Loss) => void
  onOutput: (message: OutputMessage, payload: Uint8Array) => void
}

export type Loss = 'closed' | 'silent' | 'false'
type Ending = { resolve: () => void; reject: (fault: AppError) => void }
type Asked = { resolve: (terminal: BoxTerminal) => void; reject: (fault: AppError) => void }

export class BoxLink {
  readonly #deps: BoxLinkDeps
  #socket: Socket | undefined
  #splitter = new FrameSplitter(limits.boxFrameBytes)
  #pace = new Pace(0)
  #breath: NodeJS.Timeout | undefined
  #readyAt = 0
  #hasLied = false
  #ready = false
  #closed = false
  #redialMs = firstRedialMs
  #timer: NodeJS.Timeout | undefined
  #asked = new Map<number, Asked>()
  #lastAsk = 0
  #ending: Ending[] = []
  #isSilent = false
  #isGone = false
  readonly #pulse: Pulse

  constructor(deps: BoxLinkDeps) {
    this.#deps = deps
    this.#pulse = new Pulse({
      ask: () => void this.send({ type: 'beat' }),
      silent: () => this.#silence(),
    })
    this.#dial()
  }

  get isReady(): boolean {
    return this.#ready
  }

  /** The last dial was refused: no process listens there. One that hangs is not gone; its socket still takes us. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** False when the box is not there, or has not read for long; nothing was sent then. */
  send(message: RunnerToBox, payload?: Uint8Array): boolean {
    if (!this.#ready || !this.#socket || this.#socket.writableLength > mostQueuedBytes) return false
    this.#socket.write(encodeStreamFrame(message, payload))
    return true
  }

  open(opening: { name: string; cols: number; rows: number; command?: string }): Promise<BoxTerminal> {
    const ask = ++this.#lastAsk
    return new Promise((resolve, reject) => {
      if (this.#asked.size >= limits.terminals || !this.send({ type: 'open', ask, ...opening }))
        return reject(away())
      this.#asked.set(ask, { resolve, reject })
    })
  }

  /**
   * Asks the box to end every user program; resolves when it says that none is left, also across a lost link. Rejects as soon
   * as the box is known to be gone or silent: who waits for it then waits in vain.
   */
  end(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ending.push({ resolve, reject })
      if (!this.send({ type: 'end' })) this.#lookNow()
    })
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#socket?.destroy()
    this.#drop()
  }

  /** Whether the box is there is known by the next dial; one that was silent, and has our socket in its queue, still is. */
  #lookNow(): void {
    if (this.#socket?.readyState === 'open') return this.#failEndingIfSilent()
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#dial()
  }

  #failEndingIfSilent(): void {
    if (this.#isSilent) this.#failEnding('The programs of this session do not answer.')
  }

  #failEnding(say: string): void {
    for (const { reject } of this.#ending.splice(0)) reject(new AppError('unavailable', { say }))
  }

  #dial(): void {
    this.#timer = undefined
    const socket = createConnection(this.#deps.socket)
    this.#socket = socket
    this.#splitter = new FrameSplitter(limits.boxFrameBytes)
    this.#pace = new Pace(performance.now())
    this.#hasLied = false
    socket.on('connect', () => {
      this.#isGone = false
      this.#failEndingIfSilent()
      // From here on, not from its hello: one that hangs has us in its queue and says none.
      this.#pulse.begin()
      const hello = {
        type: 'hello',
        protocol: protocolVersion,
        build: this.#deps.build,
        secret: this.#deps.secret,
      }
      socket.write(encodeStreamFrame(hello))
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    // From the other side: whoever had our socket in its queue has taken it, or has ended. A box that hangs does neither.
    socket.on('end', () => (this.#isSilent = false))
    socket.on('error', (fault: NodeJS.ErrnoException) => {
      if (fault.code === 'ECONNRESET') this.#isSilent = false
      // A program can remove the socket of a box that hangs: without a name it is not gone.
      this.#isGone = fault.code === 'ECONNREFUSED' || (fault.code === 'ENOENT' && !this.#isSilent)
      if (this.#isGone) this.#failEnding('The programs of this session have ended with their box.')
      socket.destroy()
    })
    socket.on('close', () => this.#redial())
  }

  #redial(): void {
    this.#drop()
    if (this.#closed) return
    this.#timer = setTimeout(() => this.#dial(), this.#hasLied ? afterLieMs : this.#redialMs)
    this.#redialMs = Math.min(this.#redialMs * 2, longestRedialMs)
  }

  #drop(): void {
    const wasReady = this.#ready
    this.#ready = false
    clearTimeout(this.#breath)
    if (wasReady && performance.now() - this.#readyAt > lastingMs) this.#redialMs = firstRedialMs
    for (const { reject } of this.#asked.values()) reject(away())
    this.#asked.clear()
    this.#pulse.end()
    if (wasReady) this.#deps.onLost(this.#hasLied ? 'false' : this.#isSilent ? 'silent' : 'closed')
  }

  /** What it has taken in before it fell silent it may still do; the next link is answered when it can. One that waits for its
   *  hello is that next link. */
  #silence(): void {
    this.#deps.log.warn('the box gives no sign of life')
    this.#isSilent = true
    this.#failEndingIfSilent()
    if (this.#ready) this.#socket?.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#pulse.heard()
    try {
      const frames = this.#splitter.push(chunk)
      this.#breathe(frames.length)
      for (const frame of frames) {
        const { header, payload } = decodeFrame(frame, limits.boxHeaderBytes)
        this.#take(BoxToRunner.parse(header), payload)
      }
    } catch (thrown) {
      this.#dropLiar(asAppError(thrown))
    }
  }

  /** More messages than a box ever has to say wait at its side: documents and everybody's keys come before them. */
  #breathe(frames: number): void {
    const waitMs = this.#pace.take(frames, performance.now())
    if (waitMs === 0) return
    const socket = this.#socket?.pause()
    clearTimeout(this.#breath)
    this.#breath = setTimeout(() => socket?.resume(), waitMs)
  }

  /** Our box says nothing of the kind. What is wrong with it is told in few words: at length it could fill our log. */
  #dropLiar({ code, say }: AppError): void {
    this.#deps.log.error({ code, why: say }, 'the box was dropped: it said what no box says')
    this.#hasLied = true
    this.#failEnding('The programs of this session do not answer.')
    this.#socket?.destroy()
  }

  #take(message: BoxToRunner, payload: Uint8Array): void {
    if (message.type === 'hello') return this.#hello(message)
    if (message.type === 'mark' && payload.length > limits.boxMarkBytes) throw tooMuch('A mark is too large.')
    if (!this.#ready) throw new AppError('bad-input', { say: 'The box did not say hello first.' })
    if (message.type === 'ended') for (const { resolve } of this.#ending.splice(0)) resolve()
    else if (message.type === 'opened' || message.type === 'refused') this.#answer(message)
    else if (message.type !== 'beat') this.#deps.onOutput(message, payload)
  }

  #hello(hello: Extract<BoxToRunner, { type: 'hello' }>): void {
    if (!speaks(hello.protocol)) throw new AppError('bad-input', { say: 'The box speaks another protocol.' })
    if (this.#ready) throw tooMuch('The box says hello again.')
    this.#ready = true
    this.#readyAt = performance.now()
    this.#isSilent = false
    if (hello.beats !== true) this.#pulse.end()
    this.#deps.onHello(hello.terminals, hello.box ?? null)
    if (this.#ending.length > 0) this.send({ type: 'end' })
  }

  #answer(answer: Extract<BoxToRunner, { ask: number }>): void {
    const asked = this.#asked.get(answer.ask)
    this.#asked.delete(answer.ask)
    if (answer.type === 'opened') asked?.resolve(answer.terminal)
    else asked?.reject(new AppError('too-many', { say: answer.say }))
  }
}

/** What a person is told while the box is not there. */
export function away(): AppError {
  return new AppError('unavailable', {
    say: 'Terminals are not reachable at the moment. Try again in a second.',
  })
}

function tooMuch(say: string): AppError {
  return new AppError('too-large', { say })
}
