// All terminals of a box: opening, ending and forgetting them, and the end of every user program. Knows nothing of sockets.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { BoxLaunch } from '../../protocol/control.ts'
import { limits } from '../../protocol/limits.ts'
import type { Size } from '../../protocol/terminal.ts'
import {
  foregroundOf,
  giveWay,
  programsOf,
  sessionOf,
  signalGroup,
  signalProcess,
  type Signal,
} from './processes.ts'
import { isBehind, shellCommand } from './shell.ts'
import { Terminal } from './terminal.ts'

/** Milliseconds that programs get to end by themselves before they are killed. */
const graceMs = 1500
/** Milliseconds between looks at who is left. */
const lookMs = 50

export type BoxTerminalsDeps = {
  launch: BoxLaunch
  /** A terminal has output, a point or its exit to tell. */
  onChange: (terminal: number) => void
  ringBytes?: number | undefined
}
export type Opening = Size & { name: string; command?: string | undefined }

export class BoxTerminals {
  readonly all = new Map<number, Terminal>()
  /** Which box this is: numbers, and pids in a cage, are those of the one before it again. */
  readonly box = randomBytes(8).toString('hex')
  readonly #deps: BoxTerminalsDeps
  readonly #mark = randomBytes(12).toString('hex')
  /** Leaders of every session that ever lived here: a program may outlive the shell that began it. */
  readonly #leaders = new Set<number>()
  #lastId = 0

  constructor(deps: BoxTerminalsDeps) {
    this.#deps = deps
  }

  /** Null when there are too many already. */
  open(opening: Opening): Terminal | null {
    if (this.all.size >= limits.terminals) return null
    const id = ++this.#lastId
    const terminal = new Terminal({
      id,
      name: opening.name,
      cols: opening.cols,
      rows: opening.rows,
      shell: shellCommand(this.#deps.launch, this.#mark, opening.command),
      ringBytes: this.#deps.ringBytes ?? limits.ringBytes,
      onChange: () => this.#deps.onChange(id),
    })
    if (isBehind(this.#deps.launch)) giveWay(terminal.pid)
    this.all.set(id, terminal)
    this.#leaders.add(terminal.pid)
    return terminal
  }

  /** Ends a living terminal's programs; forgets an ended one. */
  close(terminal: Terminal): void {
    if (terminal.exit) this.all.delete(terminal.id)
    else void this.#endPrograms(() => sessionOf(terminal.pid), terminal.pid)
  }

  signal(terminal: Terminal, signal: Signal): void {
    if (terminal.isAlive) signalGroup(foregroundOf(terminal.pid), signal)
  }

  /** Every user program, also those that left their terminal. */
  programs(): number[] {
    return programsOf(this.#mark, this.#leaders)
  }

  /** Ends every user program, also those that left their terminal; resolves when none is left. */
  async end(): Promise<void> {
    await this.#endPrograms(() => this.programs())
    while ([...this.all.values()].some((terminal) => !terminal.exit)) await pause(lookMs)
  }

  async #endPrograms(list: () => number[], group?: number): Promise<void> {
    const signalAll = (signal: Signal): void => {
      if (group !== undefined) signalGroup(group, signal)
      for (const pid of list()) signalProcess(pid, signal)
    }
    for (const signal of ['SIGHUP', 'SIGTERM', 'SIGCONT'] as const) signalAll(signal)
    const until = performance.now() + graceMs
    while (list().length > 0 && performance.now() < until) await pause(lookMs)
    if (group !== undefined && list().length === 0) return
    do {
      signalAll('SIGKILL')
      await pause(lookMs)
    } while (list().length > 0)
  }
}
