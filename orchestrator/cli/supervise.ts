// One of our processes kept alive: started, waited for, started again with a growing delay when it dies, ended when told.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Logger } from 'pino'
import { Listening } from '../../protocol/env.ts'
import { type ProcessIdentity, identify } from '../process-identity.ts'
import { Refusal } from './words.ts'

/** First and longest delay before a dead process is started again; it doubles in between. */
const againMs = { first: 250, last: 10_000 }
/** A process that lived this long is forgiven its earlier deaths. */
const forgivenMs = 30_000
/** A process must listen within this at its first start. */
const firstListenMs = 20_000
/** A process told to end is killed after this. */
const endMs = 5_000

export type Program = { name: string; file: string; env: Record<string, string>; log: string }

export type SuperviseParts = {
  log: Logger
  /** A line for the person at the terminal. */
  say: (line: string) => void
  /** What the process says over IPC, besides that it listens. */
  heard?: (message: unknown) => void
  /** Told each time it begins to listen. */
  listening?: () => void
  /** Told the identity of each process started. */
  started?: (identity: ProcessIdentity) => void
}

export type Supervised = {
  name: string
  /** Resolves at the first `listening`; rejects in words when it does not come. */
  ready: Promise<void>
  send(message: object): void
  end(): Promise<void>
  kill(): void
}

export function supervise(program: Program, parts: SuperviseParts): Supervised {
  return new Kept(program, parts)
}

/** The process and its successors. */
class Kept implements Supervised {
  readonly name: string
  readonly ready: Promise<void>
  readonly #program: Program
  readonly #parts: SuperviseParts
  readonly #late: NodeJS.Timeout
  #settle: { done: () => void; fail: (why: Refusal) => void } = { done: () => {}, fail: () => {} }
  #child: ChildProcess
  #isEnding = false
  #deaths = 0
  #again: NodeJS.Timeout | undefined

  constructor(program: Program, parts: SuperviseParts) {
    this.name = program.name
    this.#program = program
    this.#parts = parts
    this.ready = new Promise<void>((done, fail) => (this.#settle = { done, fail }))
    // Whoever waits hears of it; an end before anybody waits is no unhandled failure.
    this.ready.catch(() => undefined)
    this.#late = setTimeout(() => this.#settle.fail(this.#notUp('did not begin to listen')), firstListenMs)
    this.#child = this.#start()
  }

  send(message: object): void {
    if (this.#child.connected) this.#child.send(message)
  }

  async end(): Promise<void> {
    this.#stopCaring()
    await ended(this.#child)
  }

  kill(): void {
    this.#stopCaring()
    this.#child.kill('SIGKILL')
  }

  #start(): ChildProcess {
    const begun = Date.now()
    const { log, started } = this.#parts
    const child = spawnProgram(this.#program)
    if (child.pid !== undefined)
      void identify(child.pid).then((identity) => identity !== null && started?.(identity))
    child.on('message', (message) => this.#hear(message))
    child.once('error', (error) => log.error({ process: this.name, err: error }, 'could not be spawned'))
    child.once('exit', (code, signal) => {
      if (this.#isEnding) return
      if (Date.now() - begun > forgivenMs) this.#deaths = 0
      this.#startAgain(signal === null ? `ended with code ${code}` : `was ended by ${signal}`)
    })
    return child
  }

  #hear(message: unknown): void {
    if (!Listening.safeParse(message).success) return this.#parts.heard?.(message)
    clearTimeout(this.#late)
    this.#settle.done()
    this.#parts.listening?.()
  }

  #startAgain(how: string): void {
    const delayMs = Math.min(againMs.last, againMs.first * 2 ** this.#deaths)
    this.#deaths++
    const { log, say } = this.#parts
    log.error(
      { process: this.name, how, delayMs, deaths: this.#deaths },
      'a process died and is started again',
    )
    say(`${this.name} ${how}; starting it again in ${delayMs / 1000} s. Its log is ${this.#program.log}.`)
    this.#again = setTimeout(() => {
      this.#child = this.#start()
    }, delayMs)
  }

  #stopCaring(): void {
    this.#isEnding = true
    clearTimeout(this.#again)
    clearTimeout(this.#late)
    this.#settle.fail(this.#notUp('was ended'))
  }

  #notUp(how: string): Refusal {
    return new Refusal(`The ${this.name} could not be started: it ${how}. Its log is ${this.#program.log}.`)
  }
}

/** Apart from the terminal's group, so that Ctrl-C reaches `up` alone and the end keeps its order. */
function spawnProgram(program: Program): ChildProcess {
  const log = openSync(program.log, 'a', 0o600)
  try {
    return spawn(process.execPath, ['--enable-source-maps', program.file], {
      env: program.env,
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    })
  } finally {
    closeSync(log)
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
    return Promise.resolve()
  return new Promise((done) => {
    const hard = setTimeout(() => child.kill('SIGKILL'), endMs)
    child.once('exit', () => {
      clearTimeout(hard)
      done()
    })
    child.kill('SIGTERM')
  })
}
