// One viewer of one terminal: a cursor into the tape that goes on as the viewer acknowledges, and is brought back by a
// picture of the true screen when it fell behind. Decides nothing about roles; sends through what it is given.
import type { TerminalToPage } from '../../protocol/terminal.ts'
import { Credit } from './credit.ts'
import type { Screen } from './screens.ts'
import type { Tape } from './tape.ts'

export type Send = <Event extends keyof TerminalToPage>(
  event: Event,
  ...args: Parameters<TerminalToPage[Event]>
) => void

/** A viewer with more than this still to come is cut off: older output is of no use to it. */
export const laggingBytes = 1024 * 1024
/** Bytes of one message. */
const messageBytes = 256 * 1024
/** Messages on the way to one viewer, however short: each costs hundreds of bytes until it has gone out. */
const mostMessages = 1024
/** Milliseconds between two pictures for the same viewer: a flood must not turn into a slide show that costs more. */
const pictureMs = 250

export type Ending = { offset: number; code: number | null; signal: string | null }
export type ViewerDeps = {
  terminal: number
  tape: Tape
  send: Send
  takeScreen: () => Promise<Screen>
  ending: () => Ending | null
}

export class Viewer {
  readonly #deps: ViewerDeps
  readonly #credit = new Credit()
  /** `lagging`: nothing goes out until the viewer has everything that was sent. `waiting`: a picture is being taken. */
  #way: 'open' | 'lagging' | 'waiting' | 'gone' = 'open'
  #cursor: number
  #acked: number
  #shownSize: { cols: number; rows: number }
  #saidExit = false
  #pictureAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(deps: ViewerDeps, from: number | null) {
    this.#deps = deps
    this.#cursor = this.#acked = from ?? deps.tape.next
    this.#shownSize = deps.tape.sizeAt(this.#cursor)
    if (from === null) this.#way = 'lagging'
  }

  /** Bytes that were sent and not yet painted. */
  get onTheWay(): number {
    return this.#cursor - this.#acked
  }

  /** True while this viewer takes output as it comes. */
  get keepsUp(): boolean {
    return this.#way === 'open'
  }

  /** True when a whole window is on the way and there is more. */
  get isFull(): boolean {
    return !this.#hasWindow && this.#cursor < this.#deps.tape.next
  }

  get isHalfFree(): boolean {
    return this.onTheWay * 2 <= this.#credit.bytes && this.#credit.messages * 2 <= mostMessages
  }

  get #hasWindow(): boolean {
    return this.onTheWay < this.#credit.bytes && this.#credit.messages < mostMessages
  }

  ack(offset: number): void {
    if (offset <= this.#acked || offset > this.#cursor) return
    this.#acked = offset
    this.#credit.acked(offset, performance.now())
    this.pull()
  }

  /** Sends what there is, as far as the window allows. */
  pull(): void {
    if (this.#way === 'lagging') return this.#recover()
    if (this.#way !== 'open') return
    const { tape } = this.#deps
    if (tape.next - this.#cursor > laggingBytes || !tape.has(this.#cursor)) {
      this.#way = 'lagging'
      return this.#recover()
    }
    while (this.#hasWindow && this.#sendNext()) continue
    this.#sendEnding()
  }

  close(): void {
    this.#way = 'gone'
    clearTimeout(this.#timer)
  }

  /** Output up to the next change of size, or the change itself. False when there is nothing. */
  #sendNext(): boolean {
    const { tape, terminal, send } = this.#deps
    const change = tape.sizesFrom(this.#cursor)[0]
    if (change?.offset === this.#cursor) this.#sendSizes()
    if (this.#cursor >= tape.next) return false
    const upTo = tape.sizesFrom(this.#cursor + 1)[0]?.offset ?? Infinity
    const room = Math.min(messageBytes, this.#credit.bytes - this.onTheWay, upTo - this.#cursor)
    const bytes = tape.read(this.#cursor, room)
    send('out', terminal, this.#cursor, bytes)
    this.#cursor += bytes.length
    this.#credit.sent(this.#cursor, performance.now())
    return bytes.length > 0
  }

  #sendSizes(): void {
    const { cols, rows } = this.#deps.tape.sizeAt(this.#cursor)
    if (cols === this.#shownSize.cols && rows === this.#shownSize.rows) return
    this.#shownSize = { cols, rows }
    this.#deps.send('size', { terminal: this.#deps.terminal, cols, rows })
  }

  #sendEnding(): void {
    const ending = this.#deps.ending()
    if (!ending || this.#saidExit || this.#cursor < ending.offset) return
    this.#saidExit = true
    this.#deps.send('exit', { terminal: this.#deps.terminal, ...ending })
  }

  /** Waits until the viewer has painted all that was sent, then paints the true screen. */
  #recover(): void {
    if (this.onTheWay > 0 || this.#timer) return
    const wait = this.#pictureAt + pictureMs - performance.now()
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#retry(), wait)
      return
    }
    this.#way = 'waiting'
    this.#pictureAt = performance.now()
    this.#deps.takeScreen().then(
      (screen) => this.#paint(screen),
      () => this.#tryAgain(),
    )
  }

  /** No picture could be taken; what is wrong is logged where it is taken. */
  #tryAgain(): void {
    if (this.#way !== 'waiting') return
    this.#way = 'lagging'
    this.#timer = setTimeout(() => this.#retry(), pictureMs)
  }

  #retry(): void {
    this.#timer = undefined
    this.pull()
  }

  #paint(screen: Screen): void {
    if (this.#way !== 'waiting') return
    const { offset, cols, rows, bytes } = screen
    this.#credit.restart()
    this.#shownSize = { cols, rows }
    this.#deps.send('snap', { terminal: this.#deps.terminal, offset, cols, rows }, bytes)
    this.#cursor = offset
    // The picture itself is on the way: one that is never painted must not be followed by another.
    this.#acked = offset - 1
    this.#way = 'open'
    this.pull()
  }
}
