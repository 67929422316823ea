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
  let child: ChildProcess
  let isEnding = false
  let deaths = 0
  let again: NodeJS.Timeout | undefined
  let settle: { done: () => void; fail: (why: Refusal) => void }
  const ready = new Promise<void>((done, fail) => (settle = { done, fail }))
  const late = setTimeout(() => settle.fail(notUp('did not begin to listen')), firstListenMs)

  function notUp(how: string): Refusal {
    return new Refusal(`The ${program.name} could not be started: it ${how}. Its log is ${program.log}.`)
  }

  function start(): void {
    const begun = Date.now()
    child = spawnProgram(program)
    if (child.pid !== undefined)
      void identify(child.pid).then((identity) => identity !== null && parts.started?.(identity))
    child.on('message', (message) => {
      if (!Listening.safeParse(message).success) return parts.heard?.(message)
      clearTimeout(late)
      settle.done()
      parts.listening?.()
    })
    child.once('error', (error) =>
      parts.log.error({ process: program.name, err: error }, 'could not be spawned'),
    )
    child.once('exit', (code, signal) => {
      if (isEnding) return
      const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`
      if (Date.now() - begun > forgivenMs) deaths = 0
      startAgain(how)
    })
  }

  function startAgain(how: string): void {
    const delay = Math.min(againMs.last, againMs.first * 2 ** deaths)
    deaths++
    parts.log.error(
      { process: program.name, how, delayMs: delay, deaths },
      'a process died and is started again',
    )
    parts.say(`${program.name} ${how}; starting it again in ${delay / 1000} s. Its log is ${program.log}.`)
    again = setTimeout(start, delay)
  }

  function stopCaring(): void {
    isEnding = true
    clearTimeout(again)
    clearTimeout(late)
    settle.fail(notUp('was ended'))
  }

  ready.catch(() => undefined)
  start()
  return {
    name: program.name,
    ready,
    send(message) {
      if (child.connected) child.send(message)
    },
    async end() {
      stopCaring()
      await ended(child)
    },
    kill() {
      stopCaring()
      child.kill('SIGKILL')
    },
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
