// Test part: the `/terminal` namespace over terminals that only echo, with offsets, snaps and a driver. Never shipped.
import type { Namespace } from 'socket.io'
import type { RunState, TerminalFromPage, TerminalInfo, TerminalToPage } from '../../protocol/terminal.ts'
import type { DoorClaims } from '../../protocol/access.ts'

type Held = { info: TerminalInfo; output: Buffer }

export class FakeTerminals {
  readonly held = new Map<number, Held>()
  /** Every input message, in the order it came. */
  readonly inputs: string[] = []
  run: RunState = { phase: 'idle', command: 'python3 main.py', lastExit: null }
  readonly #space: Namespace<TerminalFromPage, TerminalToPage>
  #ids = 0

  constructor(space: Namespace<TerminalFromPage, TerminalToPage>) {
    this.#space = space
    space.on('connection', (socket) => {
      const claims = socket.data as DoorClaims
      socket.emit('list', this.#list())
      socket.emit('run', this.run)
      socket.on('open', (request, give) =>
        give({ ok: true, terminal: this.open(request.name, claims, request) }),
      )
      socket.on('attach', (request, give) => {
        const terminal = this.held.get(request.terminal)
        if (!terminal) return give({ ok: false, error: { code: 'not-found', say: 'This terminal is gone.' } })
        const { cols, rows } = terminal.info
        const id = request.terminal
        const mode = request.from === undefined ? 'snapshot' : 'resume'
        give({ ok: true, attached: { terminal: id, offset: request.from ?? 0, cols, rows, mode } })
        if (request.from === undefined)
          socket.emit('snap', { terminal: id, offset: terminal.output.length, cols, rows }, terminal.output)
        else socket.emit('out', id, request.from, terminal.output.subarray(request.from))
        void socket.join(`terminal-${id}`)
      })
      socket.on('detach', ({ terminal }) => void socket.leave(`terminal-${terminal}`))
      socket.on('in', ({ terminal }, bytes) => {
        if (claims.role === 'viewer')
          return void socket.emit('refused', {
            terminal,
            error: { code: 'forbidden', say: 'Viewers watch.' },
          })
        this.inputs.push(Buffer.from(bytes).toString())
        this.#drive(terminal, claims)
        this.write(terminal, Buffer.from(bytes).toString().replaceAll('\r', '\r\n$ '))
      })
      socket.on('size', ({ terminal, cols, rows }) => {
        const held = this.held.get(terminal)
        if (held?.info.driver?.id !== claims.sub) return
        held.info = { ...held.info, cols, rows }
        space.to(`terminal-${terminal}`).emit('size', { terminal, cols, rows })
      })
      socket.on('close', ({ terminal }, give) => {
        this.held.delete(terminal)
        give({ ok: true })
        this.#tell()
      })
      socket.on('rename', ({ terminal, name }, give) => {
        const held = this.held.get(terminal)
        if (held) held.info = { ...held.info, name }
        give({ ok: true })
        this.#tell()
      })
      socket.on('run', (request, give) => {
        const terminal = this.open('Run', claims, { cols: request.cols ?? 80, rows: request.rows ?? 24 })
        this.run = {
          phase: 'running',
          command: this.run.command,
          terminal,
          by: claims.name,
          since: Date.now(),
        }
        space.emit('run', this.run)
        give({ ok: true, terminal })
      })
      socket.on('stop', (give) => {
        this.run = { phase: 'idle', command: this.run.command, lastExit: 130 }
        space.emit('run', this.run)
        give({ ok: true })
      })
    })
  }

  open(name: string | undefined, claims: DoorClaims, size: { cols: number; rows: number }): number {
    const id = (this.#ids += 1)
    const { cols, rows } = size
    const driver = { id: claims.sub, name: claims.name }
    const info = { id, name: name ?? `Terminal ${id}`, cols, rows, driver, viewers: 0, exit: null }
    this.held.set(id, { info, output: Buffer.from('$ ') })
    this.#tell()
    return id
  }

  write(id: number, text: string): void {
    const held = this.held.get(id)
    if (!held) return
    const bytes = Buffer.from(text)
    const offset = held.output.length
    held.output = Buffer.concat([held.output, bytes])
    this.#space.to(`terminal-${id}`).emit('out', id, offset, bytes)
  }

  #drive(id: number, claims: DoorClaims): void {
    const held = this.held.get(id)
    if (!held || held.info.driver?.id === claims.sub) return
    held.info = { ...held.info, driver: { id: claims.sub, name: claims.name } }
    this.#tell()
  }

  #list(): TerminalInfo[] {
    return [...this.held.values()].map(({ info }) => info)
  }

  #tell(): void {
    this.#space.emit('list', this.#list())
  }
}
