// The Run button: one state for everybody. Says what to start and what to interrupt; starting is done by who it is given.
import type { RunState, Size } from '../../protocol/terminal.ts'
import type { Ending } from './viewer.ts'

/** The Run button's terminal; nobody else can take this name. */
export const runName = 'Run'

/** Milliseconds a program gets after each request to stop, before the next and harder one. */
const patienceMs = 2000
const requests = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const
export type StopSignal = (typeof requests)[number]

/** Added to a signal's number, as shells do. */
const signalBase = 128
const killedCodes: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 }

export type RunDeps = {
  command: string
  materialise: (why: string) => Promise<void>
  /** Opens the terminal that runs the command, in place of the last one. */
  open: (size: Size, by: { id: string; name: string }) => Promise<number>
  signal: (terminal: number, signal: StopSignal) => void
  onChange: (state: RunState) => void
}

export class Run {
  readonly #deps: RunDeps
  #state: RunState
  #starting: Promise<number> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(deps: RunDeps) {
    this.#deps = deps
    this.#state = { phase: 'idle', command: deps.command, lastExit: null }
  }

  get state(): RunState {
    return this.#state
  }

  /** Starts the program, or gives the terminal of the one that runs: two who press at once start it once. */
  start(size: Size, by: { id: string; name: string }): Promise<number> {
    if (this.#state.phase === 'running') return Promise.resolve(this.#state.terminal)
    this.#starting ??= this.#start(size, by).finally(() => (this.#starting = undefined))
    return this.#starting
  }

  /** Asks the program to stop, each time harder. False when nothing runs. */
  stop(): boolean {
    if (this.#state.phase !== 'running') return false
    clearTimeout(this.#timer)
    this.#ask(this.#state.terminal, 0)
    return true
  }

  /** The program of a runner before us still runs. */
  found(terminal: number): void {
    this.#became({ phase: 'running', command: this.#deps.command, terminal, by: '', since: Date.now() })
  }

  /** A terminal has ended: the program, if it was its. */
  ended(terminal: number, ending: Ending): void {
    if (this.#state.phase !== 'running' || this.#state.terminal !== terminal) return
    clearTimeout(this.#timer)
    this.#became({ phase: 'idle', command: this.#deps.command, lastExit: exitCode(ending) })
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  async #start(size: Size, by: { id: string; name: string }): Promise<number> {
    await this.#deps.materialise('run')
    const terminal = await this.#deps.open(size, by)
    const { command } = this.#deps
    this.#became({ phase: 'running', command, terminal, by: by.name, since: Date.now() })
    return terminal
  }

  #ask(terminal: number, step: number): void {
    const signal = requests[step]
    if (!signal) return
    this.#deps.signal(terminal, signal)
    this.#timer = setTimeout(() => this.#ask(terminal, step + 1), patienceMs)
  }

  #became(state: RunState): void {
    this.#state = state
    this.#deps.onChange(state)
  }
}

function exitCode(ending: Ending): number | null {
  if (ending.code !== null || ending.signal === null) return ending.code
  const number = killedCodes[ending.signal]
  return number === undefined ? null : signalBase + number
}
