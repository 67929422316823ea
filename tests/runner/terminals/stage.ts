// A real box, a real runner side and real pages for terminal tests: unix socket in a temp folder, socket.io on port 0.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Server } from 'socket.io'
import { io, type Socket } from 'socket.io-client'
import type { Clock } from '../../../runner/documents/clock.ts'
import type { AccessChange, Role } from '../../../protocol/access.ts'
import type { BoxLaunch } from '../../../protocol/control.ts'
import type { Answer, WireError } from '../../../protocol/errors.ts'
import type { Attached, RunState, TerminalInfo } from '../../../protocol/terminal.ts'
import { startBox, type Box } from '../../../runner/box/start.ts'
import { startTerminals } from '../../../runner/doors/terminal.ts'
import { systemDisk } from '../../../runner/disk.ts'
import { keptKeyboards } from '../../../runner/terminals/kept-keyboards.ts'
import type { Terminals } from '../../../runner/terminals/terminals.ts'

const log = pino({ level: 'silent' })
export const secret = 'a'.repeat(64)
export const repl = 'aaaaaaaaaaaaaaaaaaaa'
export const ids = { ada: 'a'.repeat(16), grace: 'b'.repeat(16), joan: 'c'.repeat(16) }
export type Name = keyof typeof ids

/** Looks until `claim` holds; a claim that throws does not hold. */
export async function eventually<T>(claim: () => T | false | undefined | null, ms = 20_000): Promise<T> {
  const until = Date.now() + ms
  let last: unknown
  for (;;) {
    try {
      const value = claim()
      if (value !== false && value !== undefined && value !== null) return value
    } catch (fault) {
      last = fault
    }
    if (Date.now() > until) throw new Error(`never came true: ${claim.toString()} ${String(last ?? '')}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export function boxLaunch(folder: string): BoxLaunch {
  return {
    protocol: 1,
    build: 'test',
    repl,
    socket: join(folder, 'box.sock'),
    secret,
    workspace: folder,
    home: folder,
    env: { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', PS1: '$ ' },
  }
}

export function tempFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'devex-terminals-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export type StageOptions = {
  run?: string
  materialise?: (why: string) => Promise<void>
  ringBytes?: number
  tapeBytes?: number
  clock?: Clock
}

/** One session's terminals and the pages that look at them. */
export class Stage {
  readonly folder = tempFolder()
  box!: Box
  terminals!: Terminals
  /** Milliseconds that the box gets to end its programs, when not the usual ones. */
  endMs: number | undefined
  url = ''
  #io!: Server
  #http = createServer()
  #options: StageOptions = {}
  #pages: Page[] = []
  #access: AccessChange[] = []

  static async start(options: StageOptions = {}): Promise<Stage> {
    const stage = new Stage()
    stage.#options = options
    stage.box = await startBox(
      boxLaunch(stage.folder.path),
      options.ringBytes ? { ringBytes: options.ringBytes } : {},
    )
    await stage.startRunner()
    return stage
  }

  async startRunner(): Promise<void> {
    await this.startRunnerAlone()
    await eventually(() => this.terminals.boxReady())
  }

  /** Without waiting for the box. */
  async startRunnerAlone(): Promise<void> {
    const options = this.#options
    this.#http = createServer()
    this.#io = new Server(this.#http, { transports: ['websocket'], maxHttpBufferSize: 16 * 1024 * 1024 })
    const namespace = this.#io.of('/terminal')
    namespace.use((socket, next) => {
      socket.data.claims = socket.handshake.auth
      next()
    })
    this.terminals = await startTerminals({
      namespace,
      boxSocket: boxLaunch(this.folder.path).socket,
      boxSecret: secret,
      run: options.run ?? 'echo ran',
      materialise: options.materialise ?? (() => Promise.resolve()),
      log,
      keyboards: await keptKeyboards(
        { path: join(this.folder.path, 'keyboards.json'), generation: 1, disk: systemDisk, log },
        this.#access,
      ),
      ...(options.tapeBytes ? { tapeBytes: options.tapeBytes } : {}),
      ...(this.endMs ? { endMs: this.endMs } : {}),
      ...(options.clock ? { clock: options.clock } : {}),
    })
    this.#http.listen(0, '127.0.0.1')
    await once(this.#http, 'listening')
    this.url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/terminal`
  }

  /** `access`: changes of roles that came while no runner was there. */
  async restartRunner(access: AccessChange[] = []): Promise<void> {
    await this.stopRunner()
    this.#access = access
    await this.startRunner()
  }

  async stopRunner(): Promise<void> {
    await this.terminals.close()
    await this.#io.close()
  }

  /** As the live door does when the orchestrator says so. */
  async changeRole(name: Name, role: Role): Promise<void> {
    for (const socket of this.#io.of('/terminal').sockets.values())
      if (socket.data.claims.sub === ids[name]) socket.data.claims = { ...socket.data.claims, role }
    this.terminals.changed({ repl, person: ids[name], ver: 1, role, say: '' })
  }

  async page(name: Name, role: Role = 'editor'): Promise<Page> {
    const page = new Page(this.url, name, role)
    this.#pages.push(page)
    await eventually(() => page.list)
    return page
  }

  async close(): Promise<void> {
    for (const page of this.#pages) page.close()
    await this.stopRunner()
    await this.box.close()
    this.folder.remove()
  }
}

/** What one page got of one terminal. */
export type Seen = {
  /** Bytes after the last picture, or from where the page resumed. */
  bytes: Buffer[]
  from: number
  next: number
  gaps: number
  snaps: { offset: number; cols: number; rows: number; bytes: Buffer }[]
  sizes: { cols: number; rows: number }[]
  exit: { offset: number; code: number | null; signal: string | null } | null
  lateBytes: number
}

export class Page {
  readonly socket: Socket
  readonly seen = new Map<number, Seen>()
  readonly refused: { terminal: number; error: WireError }[] = []
  list: TerminalInfo[] | undefined
  runStates: RunState[] = []
  /** A page that does not read acknowledges nothing. */
  frozen = false

  constructor(url: string, name: Name, role: Role) {
    const now = Math.floor(Date.now() / 1000)
    const auth = { sub: ids[name], name, repl, role, gen: 1, iat: now, exp: now + 600 }
    this.socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth })
    this.socket.on('list', (list: TerminalInfo[]) => (this.list = list))
    this.socket.on('run', (state: RunState) => this.runStates.push(state))
    this.socket.on('refused', (refusal) => this.refused.push(refusal))
    this.socket.on('out', (terminal: number, offset: number, bytes: Buffer) =>
      this.#out(terminal, offset, bytes),
    )
    this.socket.on('snap', (at, bytes: Buffer) => this.#snap(at, bytes))
    this.socket.on('size', ({ terminal, cols, rows }) => this.of(terminal).sizes.push({ cols, rows }))
    this.socket.on('exit', ({ terminal, ...exit }) => (this.of(terminal).exit = exit))
  }

  of(terminal: number): Seen {
    const known = this.seen.get(terminal)
    if (known) return known
    const seen: Seen = {
      bytes: [],
      from: 0,
      next: 0,
      gaps: 0,
      snaps: [],
      sizes: [],
      exit: null,
      lateBytes: 0,
    }
    this.seen.set(terminal, seen)
    return seen
  }

  text(terminal: number): string {
    return Buffer.concat(this.of(terminal).bytes).toString('utf8')
  }

  /** Text of the last picture and of everything after it. */
  shown(terminal: number): string {
    return (this.of(terminal).snaps.at(-1)?.bytes.toString('utf8') ?? '') + this.text(terminal)
  }

  /** The newest output: of a flood the whole text is too much to look at again and again. */
  tail(terminal: number): string {
    return Buffer.concat(this.of(terminal).bytes.slice(-2)).subarray(-4096).toString('utf8')
  }

  ask<T = object>(event: string, ...args: unknown[]): Promise<Answer<T>> {
    return new Promise((resolve) => this.socket.emit(event, ...args, resolve))
  }

  async open(size = { cols: 80, rows: 24 }, name?: string): Promise<number> {
    const answer = await this.ask<{ terminal: number }>('open', { ...size, name })
    if (!answer.ok) throw new Error(answer.error.say)
    return answer.terminal
  }

  async attach(terminal: number, size = { cols: 80, rows: 24 }, from?: number): Promise<Attached> {
    const seen = this.of(terminal)
    seen.bytes = []
    const answer = await this.ask<{ attached: Attached }>('attach', { terminal, ...size, from })
    if (!answer.ok) throw new Error(answer.error.say)
    seen.from = seen.from || answer.attached.offset
    return answer.attached
  }

  async openAndAttach(size = { cols: 80, rows: 24 }): Promise<number> {
    const terminal = await this.open(size)
    await this.attach(terminal, size)
    return terminal
  }

  type(terminal: number, text: string | Uint8Array): void {
    this.socket.emit('in', { terminal }, typeof text === 'string' ? Buffer.from(text) : text)
  }

  close(): void {
    this.socket.disconnect()
  }

  #out(terminal: number, offset: number, bytes: Buffer): void {
    const seen = this.of(terminal)
    if (seen.bytes.length === 0 && seen.next === 0) seen.next = offset
    if (seen.next !== offset) seen.gaps++
    if (seen.exit) seen.lateBytes += bytes.length
    seen.bytes.push(bytes)
    seen.next = offset + bytes.length
    this.#ack(terminal, seen.next)
  }

  #snap(at: { terminal: number; offset: number; cols: number; rows: number }, bytes: Buffer): void {
    const seen = this.of(at.terminal)
    seen.snaps.push({ offset: at.offset, cols: at.cols, rows: at.rows, bytes })
    seen.bytes = []
    seen.next = at.offset
    this.#ack(at.terminal, at.offset)
  }

  #ack(terminal: number, offset: number): void {
    if (!this.frozen) this.socket.emit('ack', { terminal, offset })
  }
}
