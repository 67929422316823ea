// One shared terminal: its recent output, its viewers, its driver, its input, its end. Knows neither sockets nor the box: it
// sends through its peers and asks through `BoxDoor`.
import type { Logger } from 'pino'
import type { Role } from '../../protocol/access.ts'
import { AppError } from '../../protocol/errors.ts'
import type { Attached, KeyboardWish, Size, TerminalInfo } from '../../protocol/terminal.ts'
import type { Clock } from '../documents/clock.ts'
import type { OutputMessage } from './box-link.ts'
import { driverOf, type Person, type Seat } from './driver.ts'
import { Flow } from './flow.ts'
import { InputQueue } from './input.ts'
import { Keyboard, type Hold } from './keyboard.ts'
import { isReply } from './replies.ts'
import { Screens } from './screens.ts'
import { Tape } from './tape.ts'
import { Viewer, type Ending, type Send } from './viewer.ts'

/** One page's connection, whatever it came through. `person` has the role of now. */
export type Peer = { id: string; readonly person: Person; send: Send }

/** Milliseconds between two changes of size of a quiet terminal that are told: as often as a window that is drawn about. */
const sizeMs = 50

/** What a terminal asks of its box; false when the box is not there. */
export type BoxDoor = {
  write: (bytes: Uint8Array) => boolean
  resize: (size: Size) => boolean
  hold: (held: boolean) => boolean
}

export type SharedDeps = {
  id: number
  pid: number
  name: string
  size: Size
  opener: string | null
  tapeBytes: number
  /** Who holds its keyboard already. */
  hold: Hold | null
  box: BoxDoor
  materialise: (why: string) => Promise<void>
  /** The list that everybody sees has changed. */
  onChange: () => void
  /** It has another size; may be told as often as the box likes. */
  onSize: () => void
  clock: Clock
  log: Logger
}

type Place = Seat & { peer: Peer; viewer: Viewer }

export class SharedTerminal {
  readonly id: number
  readonly pid: number
  readonly tape: Tape
  name: string
  /** Set when somebody closed it: it is forgotten as soon as it has ended. */
  closing = false
  ending: Ending | null = null
  readonly #deps: SharedDeps
  readonly #screens: Screens
  readonly #flow: Flow
  readonly #input: InputQueue
  readonly #keyboard: Keyboard
  readonly #places = new Map<string, Place>()
  #driver: Place | null = null
  #sizings = 0
  #sizeTimer: NodeJS.Timeout | undefined

  constructor(deps: SharedDeps) {
    this.#deps = deps
    this.id = deps.id
    this.pid = deps.pid
    this.name = deps.name
    this.tape = new Tape(deps.tapeBytes, deps.size)
    this.#screens = new Screens(this.tape, deps.tapeBytes, deps.log)
    this.#flow = new Flow((held) => deps.box.hold(held))
    this.#input = new InputQueue({ materialise: deps.materialise, write: (bytes) => this.#write(bytes) })
    this.#keyboard = new Keyboard({
      clock: deps.clock,
      present: (person) => this.#present(person),
      onChange: () => this.#chooseDriver(),
      kept: deps.hold,
    })
  }

  get hold(): Hold | null {
    return this.#keyboard.hold
  }

  info(): TerminalInfo {
    const { cols, rows } = this.tape.size
    const person = this.#driver?.person
    const driver = person ? { id: person.id, name: person.name } : null
    const exit = this.ending ? { code: this.ending.code, signal: this.ending.signal } : null
    const keyboard = this.#keyboard.shown()
    return { id: this.id, name: this.name, cols, rows, driver, keyboard, viewers: this.#places.size, exit }
  }

  /** Takes a viewer in. `begin` sends the first output: call it when the answer has gone out. */
  attach(peer: Peer, size: Size, from: number | undefined): { attached: Attached; begin: () => void } {
    this.#places.get(peer.id)?.viewer.close()
    const start = this.#startFor(from)
    const viewer = this.#view(peer, start)
    this.#places.set(peer.id, placeOf(peer, size, viewer))
    this.#peopleChanged()
    const { cols, rows } = this.tape.sizeAt(start ?? this.tape.next)
    const mode = start === null ? 'snapshot' : 'resume'
    const attached: Attached = { terminal: this.id, offset: start ?? this.tape.next, cols, rows, mode }
    return { attached, begin: () => viewer.pull() }
  }

  detach(peerId: string): void {
    const place = this.#places.get(peerId)
    if (!place) return
    place.viewer.close()
    this.#places.delete(peerId)
    this.#peopleChanged()
    this.#flow.look(this.#viewers())
  }

  /** Resolves when all bytes were given to the program, or were an answer that the driver's page gives. */
  async input(peer: Peer, bytes: Uint8Array): Promise<void> {
    if (isReply(bytes) && peer.id !== this.#driver?.peer.id) return
    this.#keyboard.refuseOthers(peer.person)
    if (this.ending) throw new AppError('not-running', { say: 'This terminal has ended. Open a new one.' })
    await this.#input.push(bytes, () => this.#refuseNow(peer))
  }

  /** What somebody wants of the keyboard. */
  wish(peer: Peer, wish: KeyboardWish): void {
    if (!this.#places.has(peer.id)) throw new AppError('conflict', { say: 'Show this terminal first.' })
    this.#keyboard.wish(peer.person, wish)
  }

  /** Throws unless this person may close it: an owner always, others as they may type. */
  mayClose(person: Person): void {
    this.#keyboard.refuseUnlessOwner(person)
  }

  /** Somebody has another role, or none: `peer.person` says so already. */
  roleChanged(person: string, role: Role | null): void {
    this.#keyboard.roleChanged(person, role)
    this.#chooseDriver()
  }

  ack(peerId: string, offset: number): void {
    this.#places.get(peerId)?.viewer.ack(offset)
    this.#flow.look(this.#viewers())
  }

  /** A page tells its window. It changes the terminal when its person is the driver. */
  setSize(peer: Peer, size: Size): void {
    const place = this.#places.get(peer.id)
    if (!place) return
    this.#keyboard.refuseOthers(peer.person)
    place.size = size
    place.sizedAt = ++this.#sizings
    if (place.person.id !== this.#driver?.person.id) return
    this.#driver = place
    this.#applySize()
  }

  /** Something came from the box. */
  take(message: OutputMessage, payload: Uint8Array): void {
    const { offset } = message
    if (message.type === 'out') this.#takeOutput(offset, payload)
    else if (message.type === 'mark') {
      this.tape.mark({ offset, cols: message.cols, rows: message.rows, prelude: Uint8Array.from(payload) })
    } else if (message.type === 'sized') {
      if (this.tape.resize({ offset, cols: message.cols, rows: message.rows })) this.#deps.onSize()
      this.#sizeTimer ??= setTimeout(() => this.#tellSize(), sizeMs)
    } else this.end({ offset, code: message.code, signal: message.signal })
  }

  end(ending: Ending): void {
    if (this.ending) return
    this.ending = ending
    this.#pullAll()
    this.#deps.onChange()
  }

  /** The link to the box was lost: it goes on reading by itself. */
  lost(): void {
    this.#flow.reset()
  }

  /** The box is there again: what was asked of it meanwhile. */
  regained(): void {
    if (this.#driver) this.#applySize()
  }

  close(): void {
    clearTimeout(this.#sizeTimer)
    this.#keyboard.close()
    this.#flow.reset()
    this.#screens.close()
    for (const place of this.#places.values()) place.viewer.close()
    this.#places.clear()
  }

  #takeOutput(offset: number, bytes: Uint8Array): void {
    if (!this.tape.append(offset, bytes)) return
    this.#screens.notice()
    this.#pullAll()
    this.#flow.look(this.#viewers())
  }

  #tellSize(): void {
    this.#sizeTimer = undefined
    this.#pullAll()
  }

  #pullAll(): void {
    for (const viewer of this.#viewers()) viewer.pull()
  }

  /** Where output goes on for a page that has everything before `from`; null when it needs a picture. */
  #startFor(from: number | undefined): number | null {
    if (from === undefined) return this.tape.next === 0 ? 0 : null
    return this.tape.has(from) && this.tape.sizesFrom(from).length === 0 ? from : null
  }

  #view(peer: Peer, start: number | null): Viewer {
    const { id: terminal, tape } = this
    const takeScreen = () => this.#takeScreen()
    return new Viewer({ terminal, tape, send: peer.send, takeScreen, ending: () => this.ending }, start)
  }

  async #takeScreen() {
    try {
      return await this.#screens.take()
    } catch (fault) {
      this.#deps.log.warn({ err: fault, terminal: this.id }, 'no picture of a terminal could be taken')
      throw fault
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#deps.box.write(bytes)) return
    throw new AppError('unavailable', {
      say: 'The terminal is not reachable at the moment: what you typed was not sent.',
    })
  }

  #peopleChanged(): void {
    this.#keyboard.look()
    this.#chooseDriver()
  }

  #chooseDriver(): void {
    const before = this.#driver
    const who = { opener: this.#deps.opener, holder: this.#keyboard.holder?.id ?? null }
    this.#driver = driverOf([...this.#places.values()], who)
    if (this.#driver && this.#driver !== before) this.#applySize()
    this.#deps.onChange()
  }

  #applySize(): void {
    if (this.#driver && !this.ending) this.#deps.box.resize(this.#driver.size)
  }

  #present(person: string): Person | null {
    for (const place of this.#places.values()) if (place.person.id === person) return place.person
    return null
  }

  /** Who left meanwhile, or lost the keyboard, has typed too late. */
  #refuseNow(peer: Peer): void {
    this.#keyboard.refuseOthers(peer.person)
  }

  #viewers(): Viewer[] {
    return Array.from(this.#places.values(), (place) => place.viewer)
  }
}

function placeOf(peer: Peer, size: Size, viewer: Viewer): Place {
  return {
    peer,
    viewer,
    size,
    sizedAt: 0,
    get person() {
      return peer.person
    },
  }
}
