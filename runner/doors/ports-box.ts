// The runner's visits to its box for ports: the list, kept while the box lives, and streams to one port. Trusts nothing that comes back.
import { createConnection, type Socket } from 'node:net'
import type { Logger } from 'pino'
import { BoxDialled, BoxPorts, type BoxVisit } from '../../protocol/box.ts'
import { AppError, asAppError } from '../../protocol/errors.ts'
import { decodeFrame, encodeStreamFrame, FrameSplitter } from '../../protocol/frames.ts'
import { protocolVersion } from '../../protocol/hello.ts'
import type { OpenPort } from '../../protocol/preview.ts'

/** Milliseconds before the box is visited again after it went. */
const againMs = 500
/** Milliseconds for an answer to a dial: the box itself waits up to 5 s for each of two addresses. */
const dialMs = 12_000
/** Bytes of the answer to a dial: a frame of one short message. */
const answerBytes = 1024
/** Bytes of one list of ports: the longest has half of that. */
const listBytes = 16 * 1024
/** Milliseconds between two lists that are told: the box looks less often, and pages must not drown in what it says. */
const tellMs = 200

export type BoxPlace = { boxSocket: string; boxSecret: string; build: string }

/** A stream to `port` of the box, paused, or null when nothing of the box listens there. Throws `unavailable` when the box is away. */
export function dialPort(place: BoxPlace, port: number): Promise<Socket | null> {
  return new Promise((done, fail) => {
    const socket = visit(place, { type: 'dial', port })
    const giveUp = (cause?: unknown): void => {
      socket.destroy()
      fail(new AppError('unavailable', { say: 'The programs of this REPL cannot be reached now.', cause }))
    }
    socket.setTimeout(dialMs, giveUp)
    socket.once('error', giveUp).once('end', giveUp).once('close', giveUp)
    let held = Buffer.alloc(0)
    const receive = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk])
      const end = held.length < 4 ? Infinity : 4 + held.readUInt32BE(0)
      if (end > held.length) return void (held.length > answerBytes && giveUp())
      socket.off('data', receive).off('error', giveUp).off('end', giveUp).off('close', giveUp)
      socket.setTimeout(0)
      socket.pause()
      const answer = BoxDialled.safeParse(headerOf(held.subarray(4, end)))
      if (!answer.success) return giveUp(answer.error)
      if (answer.data.outcome === 'closed') return void (socket.destroy(), done(null))
      socket.unshift(held.subarray(end))
      done(socket)
    }
    socket.on('data', receive)
  })
}

function headerOf(frame: Uint8Array): unknown {
  try {
    return decodeFrame(frame).header
  } catch {
    return null
  }
}

type Wish = { type: 'ports' } | { type: 'dial'; port: number }

function visit({ boxSocket, boxSecret, build }: BoxPlace, wish: Wish): Socket {
  const socket = createConnection({ path: boxSocket, allowHalfOpen: wish.type === 'dial' })
  const said: BoxVisit = { ...wish, protocol: protocolVersion, build, secret: boxSecret }
  socket.once('connect', () => socket.write(encodeStreamFrame(said)))
  return socket
}

/** Keeps the list of the box's ports; an empty one while the box is away. */
export class BoxPortsWatch {
  readonly #place: BoxPlace
  readonly #log: Logger
  readonly #told = new Set<(ports: OpenPort[]) => void>()
  #ports: OpenPort[] = []
  #socket: Socket
  #timer: NodeJS.Timeout | undefined
  #tellTimer: NodeJS.Timeout | undefined
  #toldAt = -Infinity
  #isClosed = false

  constructor(place: BoxPlace, log: Logger) {
    this.#place = place
    this.#log = log
    this.#socket = this.#visit()
  }

  get ports(): readonly OpenPort[] {
    return this.#ports
  }

  /** Calls back after each change. */
  onChange(tell: (ports: OpenPort[]) => void): void {
    this.#told.add(tell)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#tellTimer)
    this.#socket.destroy()
    this.#told.clear()
  }

  #visit(): Socket {
    const socket = visit(this.#place, { type: 'ports' })
    const splitter = new FrameSplitter(listBytes)
    socket.on('data', (chunk: Buffer) => {
      try {
        // Of several that came together the last is true now.
        const frame = splitter.push(chunk).at(-1)
        if (frame) this.#set(BoxPorts.parse(decodeFrame(frame).header).ports)
      } catch (fault) {
        const { code, say } = asAppError(fault)
        this.#log.error({ code, why: say }, 'the box sent a list of ports that cannot be read')
        socket.destroy()
      }
    })
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      this.#set([])
      if (!this.#isClosed) this.#timer = setTimeout(() => (this.#socket = this.#visit()), againMs)
    })
    return socket
  }

  #set(ports: OpenPort[]): void {
    if (JSON.stringify(ports) === JSON.stringify(this.#ports)) return
    this.#ports = ports
    const wait = this.#toldAt + tellMs - performance.now()
    if (wait <= 0) this.#tell()
    else this.#tellTimer ??= setTimeout(() => this.#tell(), wait).unref()
  }

  #tell(): void {
    clearTimeout(this.#tellTimer)
    this.#tellTimer = undefined
    this.#toldAt = performance.now()
    for (const tell of this.#told) tell(this.#ports)
  }
}
